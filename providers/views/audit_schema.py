"""The audit answers as OpenAPI describes them."""

from rest_framework import serializers

from providers.trail.audit_log import LARGEST_PAGE, PAGE
from providers.views.usage_schema import _query as query

ASKED = [
    query("actor", "Username; `#7` for an account by number; `shell`, `worker` or `nobody`"),
    query("action", "Exact word, such as cap.raise"),
    query("object", "`type` or `type:id`, such as provider:openai"),
    query("from", "First UTC day"),
    query("to", "Last UTC day, included"),
    query("before", "Entries with a lower number: `next_before` of the page before"),
    query("page_size", f"1 to {LARGEST_PAGE}; {PAGE} without it"),
    query("export", "Streams every matching entry", enum=["csv", "json"]),
]


class ActorSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField(help_text="Looked up now; a pseudonym once the account was erased")
    role = serializers.CharField(help_text="At the time")


class ObjectSerializer(serializers.Serializer):
    type = serializers.CharField()
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class AuditEntrySerializer(serializers.Serializer):
    number = serializers.IntegerField(help_text="From 1 without a gap")
    at = serializers.DateTimeField()
    actor = ActorSerializer()
    surface = serializers.ChoiceField(choices=["page", "api", "shell", "worker"])
    action = serializers.CharField()
    object = ObjectSerializer()
    before = serializers.DictField(help_text="Secrets are only `set` or `none`")
    after = serializers.DictField()
    reason = serializers.CharField()
    request_id = serializers.CharField()
    address = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["done", "refused"])


class SealSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    hash = serializers.CharField()
    at = serializers.DateTimeField()


class EntrySerializer(AuditEntrySerializer):
    signature = serializers.CharField()
    seal = SealSerializer(allow_null=True)


class ChainSerializer(serializers.Serializer):
    chain = serializers.ChoiceField(choices=["usage", "audit"])
    rows = serializers.IntegerField()
    unsealed = serializers.IntegerField(help_text="Newer than the last seal; signed each")
    checked = serializers.DateTimeField(allow_null=True, help_text="null: never verified")
    ok = serializers.BooleanField(required=False)
    proven = serializers.IntegerField(required=False)
    rows_per_s = serializers.IntegerField(required=False)
    first_bad = serializers.IntegerField(required=False, allow_null=True)
    problem = serializers.CharField(required=False)
    note = serializers.CharField(required=False)


class ChainsSerializer(serializers.Serializer):
    chains = ChainSerializer(many=True)


class EntryPageSerializer(ChainsSerializer):
    entries = AuditEntrySerializer(many=True)
    next_before = serializers.IntegerField(allow_null=True)
