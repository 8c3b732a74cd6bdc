"""Keys and models of the providers: one row for the site. Columns come from the catalog."""

from typing import Any

from django.db import models

from providers.catalog import CATALOG, EXTRA
from providers.fields import SecretField

MODES = ["auto", "solo", "code-review", "senate"]


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
        super().save(*args, **kwargs)

    @classmethod
    def get_solo(cls) -> "AIProviderSettings":
        return cls.objects.get_or_create(pk=1)[0]


for _row in (*CATALOG, *EXTRA):
    AIProviderSettings.add_to_class(f"{_row.slug}_api_key", SecretField(blank=True, default=""))
    AIProviderSettings.add_to_class(f"{_row.slug}_model", models.CharField(max_length=200, blank=True, default=""))
    AIProviderSettings.add_to_class(
        f"{_row.slug}_base_url", models.CharField(max_length=500, blank=True, default="")
    )
