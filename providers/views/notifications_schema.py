"""Shapes of notifications and their channels, for the API's own page."""

from rest_framework import serializers

KINDS = ["page", "email", "webhook"]


class ChannelSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    kind_label = serializers.CharField()
    where = serializers.CharField(help_text="Of a webhook only the origin")
    active = serializers.BooleanField()
    problem = serializers.CharField(help_text="Why it does not deliver; empty where it does")
    last_sent = serializers.DateTimeField(allow_null=True)


class ChannelMadeSerializer(ChannelSerializer):
    secret = serializers.CharField(help_text="Of a webhook; told this once")


class ChannelListSerializer(serializers.Serializer):
    channels = ChannelSerializer(many=True)


class ChannelNewSerializer(serializers.Serializer):
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    to = serializers.ListField(child=serializers.EmailField(), required=False, help_text="Of e-mail")
    url = serializers.CharField(required=False, help_text="Of a webhook")
    secret = serializers.CharField(required=False, help_text="`whsec_` and base64; made where none is given")


class ChannelChangeSerializer(serializers.Serializer):
    active = serializers.BooleanField()


class ChannelTestedSerializer(serializers.Serializer):
    told = serializers.CharField()


class NotificationSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField()
    percent = serializers.IntegerField()
    tone = serializers.ChoiceField(choices=["warn", "bad"])
    at = serializers.DateTimeField()
    newest = serializers.IntegerField(help_text="The highest id of this list")


class NotificationListSerializer(serializers.Serializer):
    notifications = NotificationSerializer(many=True)
