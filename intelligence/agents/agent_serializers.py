"""What the ops API takes and gives. Unknown fields are refused."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from intelligence.models.agents import CALLS_PER_MINUTE
from providers.serializers import Strict, Text


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Words(serializers.Field):
    """A list of words, or one text of them; what they are is checked by the door."""

    def to_internal_value(self, data: Any) -> Any:
        fits = isinstance(data, str) or (isinstance(data, list) and all(isinstance(one, str) for one in data))
        if not fits:
            raise serializers.ValidationError("Scopes are a list of words.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class TokenWish(Strict):
    agent_key = Text(required=False, max_length=200, help_text="else the caller's own session or API token counts")
    agent = serializers.UUIDField(required=False, help_text="of one's own agents, where no agent_key is sent")
    scopes = Words(required=False, help_text="a part of what was granted; without it all of it")
    expires_in = serializers.IntegerField(required=False, help_text="seconds, 30 to 900; more is cut to 900")


class TokenMade(serializers.Serializer):
    token = serializers.CharField(help_text="send it as `Authorization: Bearer`")
    expires_in = serializers.IntegerField()
    scopes = serializers.ListField(child=serializers.CharField())


class ToolRow(serializers.Serializer):
    name = serializers.CharField()
    description = serializers.CharField()
    parameters = serializers.JSONField(help_text="JSON schema of the arguments")
    risk = serializers.ChoiceField(["read", "write", "destructive"])
    approval = serializers.BooleanField(help_text="a person decides before it runs")
    scopes = serializers.ListField(child=serializers.CharField())
    lasts_s = serializers.FloatField(help_text="longest time of one call")


class ToolRows(serializers.Serializer):
    tools = ToolRow(many=True)


class ToolArguments(Strict):
    arguments = serializers.DictField(required=False, default=dict)


class Called(serializers.Serializer):
    result = serializers.JSONField()


class Waits(serializers.Serializer):
    approval_id = serializers.UUIDField()
    url = serializers.CharField(help_text="ask it again, with `?wait=SECONDS` to be answered when it is decided")


class AgentNew(Strict):
    name = Text(max_length=80)
    owner = Text(required=False, allow_blank=True, default="", max_length=150, help_text="a username; else yours")
    scopes = Words(help_text="names of tools, areas such as services:read, or read, write, destructive")
    calls_per_minute = serializers.IntegerField(required=False, default=CALLS_PER_MINUTE)


class AgentChange(Strict):
    scopes = Words()


class AgentRow(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    owner = serializers.CharField(source="owner.username")
    scopes = serializers.SerializerMethodField()
    active = serializers.BooleanField()
    calls_per_minute = serializers.IntegerField()
    keys = serializers.SerializerMethodField(help_text="live ones; never the key itself")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)

    def get_scopes(self, agent: Any) -> list[str]:
        return agent.scopes.split()

    def get_keys(self, agent: Any) -> list[dict[str, Any]]:
        from intelligence.agents import roster

        return list(roster.live_keys(agent).values("id", "created_at", "ends_at", "last_used_at"))


class AgentMade(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    agent_key = serializers.CharField(help_text="shown this once")


class Rotation(Strict):
    revoke_old = serializers.BooleanField(required=False, default=False, help_text="else it lives on for 24 hours")


class Rotated(serializers.Serializer):
    agent_key = serializers.CharField(help_text="shown this once")
    old_key_until = serializers.DateTimeField(allow_null=True)


class Reason(Strict):
    reason = Text(required=False, allow_blank=True, default="", max_length=500)


class Switch(Strict):
    stopped = serializers.BooleanField()
    reason = Text(required=False, allow_blank=True, default="", max_length=500)


class SwitchState(serializers.Serializer):
    stopped = serializers.BooleanField()
    why = serializers.CharField()
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
