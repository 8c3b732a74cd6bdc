"""What the services' and deployments' API takes and gives. Unknown fields are refused."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.validators import ProhibitNullCharactersValidator
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from intelligence.models import Status
from intelligence.models.services import DEPLOYERS, ENGINES, FORGES, HOSTS
from providers.serializers import Strict, Text

BRANCH = re.compile(r"(?!.*(\.\.|//|@\{|\\))(?![-/.])[\w./@+-]{1,200}(?<![/.])")
COMMIT = re.compile(r"[0-9a-fA-F]{4,64}")


class Address(Text):
    """An http or https address without a user or password in it."""

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        parts = urlsplit(value) if value else None
        if parts and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise serializers.ValidationError("Give an address that begins with https://.")
        if parts and "@" in parts.netloc:
            raise serializers.ValidationError("Leave user and password out of the address; save a token instead.")
        return value


class Branch(Text):
    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if value and not BRANCH.fullmatch(value):
            raise serializers.ValidationError("That is not a branch name that git would accept.")
        return value


class Secret(Text):
    """Written, never shown. Empty keeps what is saved; null clears it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False, allow_blank=True, allow_null=True, write_only=True, max_length=2_000, **options
        )


class Command(serializers.CharField):
    """A shell command of the service, run in the sandbox."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, max_length=4_000, **options)


class ServiceFields(Strict):
    """POST needs `name`; PATCH changes what it names."""

    name = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$",
        error_messages={"invalid": "A name has letters, digits, spaces, dots, - and _, 80 at most."},
    )
    repository_url = Address(required=False, allow_blank=True, max_length=500)
    forge = serializers.ChoiceField(FORGES, required=False)
    forge_api_url = Address(required=False, allow_blank=True, max_length=500)
    forge_token = Secret()
    default_branch = Branch(required=False, max_length=200)
    host = serializers.ChoiceField(HOSTS, required=False)
    health_url = Address(required=False, allow_blank=True, max_length=500)
    build_command = Command()
    check_command = Command()
    deploy_hook_url = Secret()
    webhook_secret = Secret()
    deployer = serializers.ChoiceField(DEPLOYERS, required=False)
    build_network = serializers.BooleanField(required=False)
    package_folder = Text(required=False, allow_blank=True, max_length=500)
    fix_engine = serializers.ChoiceField(ENGINES, required=False)
    auto_fix = serializers.BooleanField(required=False)
    auto_deploy = serializers.BooleanField(required=False)
    deploy_needs_approval = serializers.BooleanField(required=False)
    troubleshoot = serializers.BooleanField(required=False)
    owner = Text(required=False, max_length=150, help_text="a user's name")


class ServiceRow(ServiceFields):
    """A service as the API shows it; of its secrets only which are saved."""

    id = serializers.UUIDField()
    owner = serializers.CharField()
    secrets_saved = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField(help_text="status of the newest deployment, or NONE")
    url = serializers.CharField()
    created_at = serializers.DateTimeField()


class LogText(serializers.CharField):
    """A log as it is: nothing is stripped, and no character is refused. What can't be stored is replaced there."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True, **options)
        refusals = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)
        self.validators = [one for one in self.validators if not isinstance(one, refusals)]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class DeploymentNew(Strict):
    """Without `status` a real deployment is queued; with it, one that happened elsewhere is recorded."""

    status = serializers.ChoiceField(Status.choices, required=False)
    commit = serializers.RegexField(COMMIT, required=False, error_messages={"invalid": "That is no commit id."})
    branch = Branch(required=False, allow_blank=True, max_length=200)
    environment = Text(required=False, max_length=80)
    log = LogText(required=False)
    external_id = Text(required=False, max_length=200)


class DeploymentChange(Strict):
    status = serializers.ChoiceField(Status.choices)
    reason = Text(required=False, allow_blank=True, max_length=500)


class LogPiece(Strict):
    log = LogText()


class LogQuery(Strict):
    first = serializers.IntegerField(min_value=1, max_value=10**12, default=1)
    count = serializers.IntegerField(min_value=1, max_value=5_000, default=1_000)


class DeploymentRow(serializers.Serializer):
    id = serializers.UUIDField()
    service = serializers.UUIDField(source="service_id")
    status = serializers.CharField()
    failed_in = serializers.CharField()
    reason = serializers.CharField()
    commit = serializers.CharField()
    branch = serializers.CharField()
    environment = serializers.CharField()
    origin = serializers.CharField()
    external_id = serializers.CharField()
    fixes = serializers.UUIDField(source="fixes_id", allow_null=True)
    log_bytes = serializers.IntegerField()
    log_lines = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    summary = serializers.CharField(help_text="once it has ended; written within a minute")


class LogLines(serializers.Serializer):
    first = serializers.IntegerField()
    lines = serializers.ListField(child=serializers.CharField())
    total = serializers.IntegerField()


class LogSize(serializers.Serializer):
    log_bytes = serializers.IntegerField()
    log_lines = serializers.IntegerField()


class SampleFields(Strict):
    """At least one figure."""

    at = serializers.DateTimeField(required=False)
    cpu_percent = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=100_000)
    memory_bytes = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**60)
    memory_limit_bytes = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**60)
    restarts = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**60)
    oom_kills = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**60)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if all(value is None for name, value in attrs.items() if name != "at"):
            raise serializers.ValidationError("A sample has at least one figure.")
        return attrs


class Samples(Strict):
    samples = SampleFields(many=True, allow_empty=False, max_length=1_000)


class SamplesTaken(serializers.Serializer):
    taken = serializers.IntegerField()


class SampleFinding(serializers.Serializer):
    code = serializers.CharField()
    severity = serializers.CharField()
    sentence = serializers.CharField()
    advice = serializers.CharField()
    numbers = serializers.DictField()
    since = serializers.DateTimeField()


class SampleFindings(serializers.Serializer):
    samples = serializers.IntegerField(help_text="of the last seven days")
    newest = SampleFields(allow_null=True)
    findings = SampleFinding(many=True)
