"""What the API takes and gives."""

from rest_framework import serializers

from intelligence.models.services import ENGINES
from jules.models import STEPS
from providers.serializers import Strict

STATES = ("queued", "running", "succeeded", "failed")
PULLS = ("open", "merged", "closed")


class FixWish(Strict):
    deployment_id = serializers.UUIDField()
    engine = serializers.ChoiceField(ENGINES, required=False, allow_blank=True, default="")


class Started(serializers.Serializer):
    attempt_id = serializers.IntegerField()
    state = serializers.CharField()
    url = serializers.CharField()


class HistoryFilters(serializers.Serializer):
    state = serializers.ChoiceField(STATES, required=False)
    engine = serializers.ChoiceField(ENGINES, required=False)
    verified = serializers.BooleanField(required=False, allow_null=True, default=None)


class Filters(HistoryFilters):
    """Of the page."""

    service = serializers.UUIDField(required=False)
    pull = serializers.ChoiceField(PULLS, required=False)
    days = serializers.IntegerField(required=False, min_value=1, max_value=3660)
    page = serializers.IntegerField(required=False, min_value=1, default=1)


class Pull(serializers.Serializer):
    number = serializers.IntegerField()
    url = serializers.CharField()
    state = serializers.CharField(help_text="open, merged or closed")
    draft = serializers.BooleanField()
    ci = serializers.CharField(help_text="success, failure or pending; empty: nothing is known")
    closed_at = serializers.DateTimeField(allow_null=True)


class Place(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class AttemptRow(serializers.Serializer):
    id = serializers.IntegerField()
    url = serializers.CharField()
    service = Place()
    deployment_id = serializers.UUIDField()
    engine = serializers.CharField()
    model = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    step = serializers.CharField(help_text=", ".join(STEPS))
    error = serializers.CharField()
    cause = serializers.CharField()
    description = serializers.CharField()
    verified = serializers.BooleanField(
        help_text="the failing command failed before the change and passes after it"
    )
    unverified = serializers.CharField(help_text="why it is not verified")
    truncated = serializers.BooleanField()
    branch = serializers.CharField()
    pull_request = Pull(allow_null=True)
    cost_usd = serializers.CharField()
    requester = serializers.CharField()
    rounds = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class Step(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    state = serializers.CharField(help_text="waiting, running, done or failed")
    log = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)


class Attempt(AttemptRow):
    steps = Step(many=True)
    base = serializers.JSONField()
    commit = serializers.CharField()
    evidence = serializers.ListField(child=serializers.CharField())
    monitoring = serializers.ListField(child=serializers.CharField(), help_text="what was measured of the service")
    red = serializers.JSONField(allow_null=True)
    green = serializers.JSONField(allow_null=True)
    files = serializers.JSONField()
    left_out = serializers.JSONField()
    findings = serializers.JSONField()
    new_packages = serializers.JSONField()
    proposal = serializers.JSONField()
    diff = serializers.CharField()
    caps = serializers.JSONField()
    approval_id = serializers.UUIDField(allow_null=True)
    redeployment_id = serializers.UUIDField(allow_null=True)
    headline = serializers.CharField()
