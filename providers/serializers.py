"""What the providers' pages and API take and give. One set of fields for a form and for JSON."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from providers.catalog import CATALOG, EXTRA, provider
from providers.exceptions import NotFound
from providers.models.settings import MODES

MAX_KEY = 500
MAX_MEMBERS = 9
CSRF_FIELD = "csrfmiddlewaretoken"  # stands in every form of a page
LONGEST_NAME, MOST_NAMED = 80, 20  # of unknown fields, in an answer


class Text(serializers.CharField):
    """Text on one line, surrounding space stripped. A number or a list is no text, in JSON either."""

    default_error_messages = {
        "text": "This must be text.",
        "line": "This is one line, without line breaks or control characters.",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("text")
        value = super().to_internal_value(data)
        if not value.isprintable():
            self.fail("line")
        return value


class Key(serializers.CharField):
    """A provider's key. Empty: unchanged. None: cleared. No error names any part of it."""

    default_error_messages = {
        "text": "A key is text. Send null to clear the saved one.",
        "long": f"A key has at most {MAX_KEY} characters; this is something else.",
        "broken": "A key has no spaces or line breaks inside. Copy it again in one piece.",
        "signs": "A key has only plain letters, digits and signs. Copy it again from the provider's page.",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, allow_blank=True, write_only=True, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return None if data is None else super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("text")
        key = data.strip()
        if any(sign.isspace() for sign in key):
            self.fail("broken")
        if not (key.isascii() and key.isprintable()):
            self.fail("signs")
        if len(key) > MAX_KEY:
            self.fail("long")
        return key


class Strict(serializers.Serializer):
    """Refuses fields that it does not know: nobody shall believe in an effect that is not there."""

    default_error_messages = {"invalid": "Send a JSON object of fields."}

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for field in fields.values():
            if isinstance(field, serializers.ChoiceField):
                known = ", ".join(str(one) for one in field.choices if one != "")
                field.error_messages["invalid_choice"] = f"Send one of {known}."
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {*self.fields, CSRF_FIELD}
            unknown = sorted({str(name)[:LONGEST_NAME] for name in data if name not in known})[:MOST_NAMED]
            if unknown:
                raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class SettingsUpdate(Strict):
    """A partial update: what is not named stays. An empty model or address goes back to the provider's own."""

    cloudflare_account_id = serializers.RegexField(
        r"^[A-Za-z0-9_-]{0,64}$",
        required=False,
        allow_blank=True,
        error_messages={"invalid": "An account id has only letters, digits, - and _, 64 at most."},
    )
    senate_enabled = serializers.BooleanField(required=False)
    senate_max_members = serializers.IntegerField(required=False, min_value=1, max_value=MAX_MEMBERS)
    mode = serializers.ChoiceField(choices=MODES, required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for row in (*CATALOG, *EXTRA):
            fields[f"{row.slug}_api_key"] = Key(
                help_text=f"Key of {row.name}; empty keeps the saved one, null clears it"
            )
            fields[f"{row.slug}_model"] = Text(required=False, allow_blank=True, max_length=200)
            fields[f"{row.slug}_base_url"] = Text(required=False, allow_blank=True, max_length=500)
        return fields


class Committee(Strict):
    """The Senate's page: a form sends the seats as lines, JSON may send a list."""

    mode = serializers.ChoiceField(choices=MODES)
    senate_enabled = serializers.BooleanField(default=False)
    senate_max_members = serializers.IntegerField(min_value=1, max_value=MAX_MEMBERS)
    seats = serializers.ListField(child=Text(max_length=250, allow_blank=True), max_length=50, default=list)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(data.get("seats"), str):
            data = {**{name: data[name] for name in data}, "seats": data["seats"].splitlines()}
        return super().to_internal_value(data)


class Which(Strict):
    provider = Text(max_length=40)

    def validate_provider(self, slug: str) -> str:
        try:
            return provider(slug).slug
        except NotFound as error:
            raise serializers.ValidationError(error.message) from error


class BalanceRow(serializers.Serializer):
    """What is left on the provider's account. `amount` None: no limit, or `error` says why it is not known."""

    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    text = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_null=True)


class ProviderRow(serializers.Serializer):
    """A provider as the API shows it; of its key only whether there is one, and where it comes from."""

    slug = serializers.CharField()
    name = serializers.CharField()
    configured = serializers.BooleanField()
    available = serializers.BooleanField(help_text="false: this version can't call it yet")
    source = serializers.CharField(help_text="saved, environment, address, held, unreadable or none")
    model = serializers.CharField()
    base_url = serializers.CharField()
    state = serializers.CharField(
        help_text="working, key_refused, failing, resting, probing, unused, unreadable, held, no_key, "
        "not_available, test_answers"
    )
    breaker = serializers.CharField(help_text="closed, open, half_open or probing")
    last_success = serializers.DateTimeField(allow_null=True)
    last_failure = serializers.DateTimeField(allow_null=True)
    latency_ms = serializers.IntegerField(allow_null=True, help_text="95 % of the newest calls took no longer")
    error_rate = serializers.FloatField(allow_null=True, help_text="0 to 1, of the newest calls within 24 hours")
    balance = BalanceRow(required=False, allow_null=True, help_text="with include_balance; null: none to be had")


class SettingsShown(serializers.Serializer):
    senate_enabled = serializers.BooleanField()
    senate_max_members = serializers.IntegerField()
    mode = serializers.CharField()
    cloudflare_account_id = serializers.CharField()


class NoteRow(serializers.Serializer):
    text = serializers.CharField()
    tone = serializers.CharField(help_text="warn: a key was cleared, or something is still missing")


class ProviderList(serializers.Serializer):
    providers = ProviderRow(many=True)
    settings = SettingsShown()
    notes = NoteRow(many=True, required=False)


class KeyTest(serializers.Serializer):
    ok = serializers.BooleanField()
    provider = serializers.CharField()
    model = serializers.CharField()
    latency_ms = serializers.IntegerField()
    error = serializers.CharField(allow_null=True)
