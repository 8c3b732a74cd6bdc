"""Keys and models of the providers: one row for the site. Columns come from the catalog."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from providers.catalog import CATALOG, EXTRA
from providers.exceptions import OutboundRefused
from providers.fields import SecretField
from providers.network.outbound import guard

MODES = ["auto", "solo", "code-review", "senate"]


def _validate_https_allowlist(url: str, provider: str, allowed: Collection[str]) -> None:
    """Raises `ValidationError` unless the URL is https on the plain port of exactly one of the allowed hosts.

    A host that the operator also opened in AI_PRIVATE_HOSTS may have another port, and plain http.
    """
    try:
        guard().check_listed(url, provider, allowed)
    except OutboundRefused as error:
        raise ValidationError(error.message) from error


class AIProviderSettings(models.Model):
    """Singleton (pk 1). Per catalog row: `<slug>_api_key` (encrypted), `<slug>_model`, `<slug>_base_url`."""

    senate_enabled = models.BooleanField(default=True)
    senate_max_members = models.PositiveSmallIntegerField(default=5)
    mode = models.CharField(max_length=12, default="auto", choices=[(m, m) for m in MODES])
    cloudflare_account_id = models.CharField(max_length=64, blank=True, default="")
    order = models.JSONField(default=list, blank=True, help_text="slugs in the admin's order")
    seats = models.JSONField(default=list, blank=True, help_text="committee seated by hand: provider/model")
    key_history = models.JSONField(default=dict, blank=True, help_text="slug -> {by, at} of the saved key")
    colour_slots = models.JSONField(default=dict, blank=True, help_text="slug -> series colour 1..7")
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return "AI provider settings"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        written = kwargs.get("update_fields")
        if written is None or "jules_base_url" in written:
            self.clean()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if address := self.jules_base_url:
            try:
                _validate_https_allowlist(address, "jules", settings.JULES_ALLOWED_HOSTS)
            except ValidationError as error:
                raise ValidationError({"jules_base_url": error.messages}) from error

    @classmethod
    def get_solo(cls) -> "AIProviderSettings":
        return cls.objects.get_or_create(pk=1)[0]


for _row in (*CATALOG, *EXTRA):
    AIProviderSettings.add_to_class(f"{_row.slug}_api_key", SecretField(blank=True, default=""))
    AIProviderSettings.add_to_class(f"{_row.slug}_model", models.CharField(max_length=200, blank=True, default=""))
    AIProviderSettings.add_to_class(
        f"{_row.slug}_base_url", models.CharField(max_length=500, blank=True, default="")
    )


class ProviderCheck(models.Model):
    """The last test of a provider's key. Gone as soon as its key or address changes.

    `listed`: [{id, retires_on}] as the upstream listed them. `error` is empty where the test passed.
    """

    slug = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    ok = models.BooleanField()
    code = models.CharField(max_length=60, blank=True, default="")
    error = models.TextField(blank=True, default="")
    latency_ms = models.PositiveIntegerField(default=0)
    listed = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return f"test of {self.slug}"
