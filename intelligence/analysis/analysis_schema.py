"""What the API of analyses, incidents and providers takes and gives. Unknown fields are refused."""

from rest_framework import serializers

from intelligence.fleet.serializers import LogText
from intelligence.models.analyses import MODES
from intelligence.models.incidents import STATES
from providers.serializers import Strict, Text


class AnalyzeFields(Strict):
    """One of the two."""

    deployment_id = serializers.UUIDField(required=False)
    log = LogText(required=False, help_text="up to the site's body limit; larger ones are uploaded on the page")
    mode = serializers.ChoiceField(MODES, default="rules")

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if ("deployment_id" in attrs) == ("log" in attrs):
            raise serializers.ValidationError({"log": "Give either deployment_id or log."})
        return attrs


class PatternOut(serializers.Serializer):
    code = serializers.CharField()
    confidence = serializers.FloatField(help_text="how often such findings are right; never asked of a model")
    lines = serializers.ListField(child=serializers.IntegerField(), help_text="[first, last], 1-based")
    quote = serializers.CharField()
    role = serializers.CharField(help_text="primary, symptom or also")


class EvidenceOut(serializers.Serializer):
    statement = serializers.CharField()
    lines = serializers.ListField(child=serializers.IntegerField())
    quote = serializers.CharField()


class AnalysisOut(serializers.Serializer):
    id = serializers.UUIDField()
    deployment_id = serializers.UUIDField(allow_null=True)
    mode = serializers.CharField()
    state = serializers.CharField(help_text="queued, running, done or failed")
    healthy = serializers.BooleanField(allow_null=True)
    primary = serializers.CharField(allow_null=True)
    patterns = PatternOut(many=True)
    cause = serializers.CharField()
    recommendations = serializers.ListField(child=serializers.CharField())
    provider = serializers.CharField(help_text="who answered; local: the rules")
    source = serializers.CharField(help_text="ai or local")
    fallback = serializers.CharField(help_text="why the rules answered although a model was to; else empty")
    evidence = EvidenceOut(many=True)
    hypotheses = serializers.ListField(child=serializers.CharField(), help_text="claims without a quote")
    error = serializers.CharField()


class RunRow(serializers.Serializer):
    id = serializers.UUIDField()
    title = serializers.CharField()
    service = serializers.UUIDField(allow_null=True)
    deployment = serializers.UUIDField(allow_null=True)
    incident = serializers.UUIDField(allow_null=True)
    mode = serializers.CharField()
    of_failure = serializers.BooleanField(help_text="made because its deployment failed")
    state = serializers.CharField()
    healthy = serializers.BooleanField(allow_null=True)
    primary = serializers.CharField(allow_null=True)
    cause = serializers.CharField()
    source = serializers.CharField()
    provider = serializers.CharField()
    fallback = serializers.CharField()
    reviewed_by = serializers.CharField(allow_null=True)
    reviewed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class IncidentRow(serializers.Serializer):
    id = serializers.UUIDField()
    service = serializers.UUIDField()
    service_name = serializers.CharField()
    deployment = serializers.UUIDField(allow_null=True)
    code = serializers.CharField()
    subject = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    count = serializers.IntegerField()
    regression = serializers.BooleanField()
    changed = serializers.CharField(help_text="how it differs from what was decided on; empty: it doesn't")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    why = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)


class RecommendationRow(serializers.Serializer):
    id = serializers.UUIDField()
    analysis = serializers.UUIDField()
    incident = serializers.UUIDField(allow_null=True)
    text = serializers.CharField()
    source = serializers.CharField(help_text="ai or local")
    quote = serializers.CharField()
    lines = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    state = serializers.CharField(help_text="open, accepted or rejected")
    why = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class Decision(Strict):
    state = serializers.ChoiceField(["open", "accepted", "rejected"])
    why = serializers.CharField(required=False, allow_blank=True, max_length=2_000, default="")


class IncidentDecision(Strict):
    state = serializers.ChoiceField(STATES)
    why = serializers.CharField(required=False, allow_blank=True, max_length=2_000, default="")


class ProviderFields(Strict):
    """POST needs name and provider. In `config` an empty `api_key` keeps the saved one."""

    name = Text(max_length=100)
    provider = Text(max_length=50)
    config = serializers.DictField(required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    is_active = serializers.BooleanField(required=False)


class AnalystRow(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    provider = serializers.CharField()
    config = serializers.DictField(help_text="secrets are only `set`")
    is_active = serializers.BooleanField()
    description = serializers.CharField()
    problem = serializers.CharField(help_text="why it can't run here; empty where it can")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class DriverRow(serializers.Serializer):
    """A kind of provider, and the keys of its config."""

    provider = serializers.CharField()
    label = serializers.CharField()
    required = serializers.ListField(child=serializers.CharField())
    optional = serializers.ListField(child=serializers.CharField())
    defaults = serializers.DictField()
    missing = serializers.CharField(help_text="why it can't run here; empty where it can")


class AnalystList(serializers.Serializer):
    """`answers` is who analyses now."""

    providers = AnalystRow(many=True)
    drivers = DriverRow(many=True)
    answers = serializers.CharField()
