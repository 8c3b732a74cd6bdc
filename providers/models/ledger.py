"""Money: caps, what is reserved, and one immutable row per upstream call.

Only `providers/ledger/` writes these tables (UserAICap excepted, which admins edit).
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction

from providers.fields import MoneyField
from providers.models.forever import Forever
from providers.trail.signature import USAGE

DEFAULT_TOKEN_CAP = 100_000
DEFAULT_COST_CAP_USD = "10.00"


# PostgreSQL's advisory lock of the whole site's counters and of the numbers of usage rows. Whoever writes either
# holds it until its transaction ends, so numbers are committed in their order. SQLite has one writer anyway.
SITE_LOCK = 0x1ED6 << 48


class Caps(models.QuerySet):
    """Changes of caps one by one, so that each is audited, from a shell too."""

    def update(self, **values: Any) -> int:
        with transaction.atomic():
            rows = list(self.select_for_update())
            for row in rows:
                for name, value in values.items():
                    setattr(row, name, value)
                row.save()
        return len(rows)

    def bulk_create(self, objs: Iterable["UserAICap"], *args: Any, **kwargs: Any) -> list["UserAICap"]:
        rows = list(objs)
        with transaction.atomic():
            for row in rows:
                row.save()
        return rows

    def bulk_update(
        self, objs: Iterable["UserAICap"], fields: Iterable[str], batch_size: int | None = None
    ) -> int:
        return len(self.bulk_create(objs))


class UserAICap(models.Model):
    """A user's daily limits (UTC day). A user without a row has the defaults.

    While `temporary_until` is ahead, the temporary caps (where not None) are in force instead; the ledger looks at
    the clock at each admission, so nothing has to run when they end. A new daily cap ends the temporary one.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="ai_cap")
    daily_token_cap = models.PositiveBigIntegerField(default=DEFAULT_TOKEN_CAP)
    daily_cost_cap_usd = MoneyField(default=DEFAULT_COST_CAP_USD)
    temporary_token_cap = models.PositiveBigIntegerField(null=True, blank=True)
    temporary_cost_cap_usd = MoneyField(null=True, blank=True)
    temporary_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = Caps.as_manager()

    def __str__(self) -> str:
        return f"cap of user {self.user_id}"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        names = None if update_fields is None else set(update_fields)
        if self.pk and (ended := self._ended()):
            for name in ended:
                setattr(self, name, None)
            names = names and names | {*ended, "temporary_until"}
        with transaction.atomic():  # the change and its audit entry, or neither
            super().save(*args, update_fields=names, **kwargs)

    def _ended(self) -> list[str]:
        """The temporary caps that a new daily cap takes the place of."""
        old = UserAICap.objects.filter(pk=self.pk).first()
        if old is None:
            return []
        ended = []
        for daily, temporary in TEMPORARY.items():
            kept = getattr(self, temporary) is not None and getattr(self, temporary) == getattr(old, temporary)
            if kept and Decimal(getattr(self, daily)) != getattr(old, daily):
                ended.append(temporary)
        if ended and all(name in ended or getattr(self, name) is None for name in TEMPORARY.values()):
            self.temporary_until = None
        return ended

    def in_force(self, now: datetime) -> tuple[int, Decimal]:
        """The caps of that moment: tokens and US dollars."""
        tokens, usd = self.temporary_token_cap, self.temporary_cost_cap_usd
        if not self.is_temporary(now):
            tokens = usd = None
        return (
            int(self.daily_token_cap if tokens is None else tokens),
            Decimal(self.daily_cost_cap_usd if usd is None else usd),
        )

    def is_temporary(self, now: datetime) -> bool:
        return self.temporary_until is not None and self.temporary_until > now


TEMPORARY = {"daily_token_cap": "temporary_token_cap", "daily_cost_cap_usd": "temporary_cost_cap_usd"}


class CapDay(models.Model):
    """What a user has spent and holds reserved on one UTC day. Equal to the sum of rows and reservations."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="cap_days")
    day = models.DateField()
    used_tokens = models.BigIntegerField(default=0)
    used_usd = MoneyField(default=0)
    reserved_tokens = models.BigIntegerField(default=0)
    reserved_usd = MoneyField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_cap_day")]

    def __str__(self) -> str:
        return f"user {self.user_id} on {self.day}"


class SiteDay(models.Model):
    """What the whole site has spent and holds reserved on one UTC day; stays when a user is deleted."""

    day = models.DateField(primary_key=True)
    used_usd = MoneyField(default=0)
    reserved_usd = MoneyField(default=0)

    def __str__(self) -> str:
        return f"site on {self.day}"


class Reservation(models.Model):
    """Worst case of a call or of a whole deliberation, held until it is settled, released or expired.

    `attempt`: the call in flight (provider, model ...), so that a call whose process died still gets its row;
    None where none is, or where the holder keeps its own account of its calls.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # It outlives its user, so that what it holds of the site's limits is given back.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, related_name="+")
    day = models.DateField()
    operation = models.CharField(max_length=60)
    session_id = models.CharField(max_length=64, blank=True, default="")
    tokens_left = models.BigIntegerField()
    usd_left = MoneyField()
    attempt = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    closed_at = models.DateTimeField(null=True, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"reservation {self.id}"


class AIUsageLog(Forever):
    """One upstream call (attempt). Rows are written once and never change.

    `cap_day` is the UTC day whose cap the call counts against: the day on which it was admitted, also where
    it ended after midnight. `number` counts rows from 1 without a gap, in the order of their commits.
    """

    LOCK = SITE_LOCK
    SIGNED = USAGE

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(unique=True, editable=False)
    signature = models.CharField(max_length=64, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, related_name="+", null=True
    )
    session_id = models.CharField(max_length=64, blank=True, default="")
    cap_day = models.DateField()
    operation = models.CharField(max_length=60)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    model_version = models.CharField(max_length=200, blank=True, default="")
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    total_tokens = models.BigIntegerField(default=0)
    cached_input_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)
    usage_source = models.CharField(max_length=12, default="reported")
    estimated_cost_usd = MoneyField(default=0)
    actual_cost_usd = MoneyField(default=0)
    price_source = models.CharField(max_length=40, blank=True, default="")
    rates = models.JSONField(default=dict, blank=True)
    processing_time_ms = models.BigIntegerField(default=0)
    first_token_ms = models.BigIntegerField(null=True, blank=True)
    retry_count = models.PositiveSmallIntegerField(default=0)
    success = models.BooleanField(default=False)
    error_message = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=60, blank=True, default="")
    used_fallback = models.BooleanField(default=False)
    prompt_hash = models.CharField(max_length=64, blank=True, default="")
    prompt_preview = models.TextField(blank=True, default="")
    response_preview = models.TextField(blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta(Forever.Meta):
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "created_at"], name="usage_user_time"),
            models.Index(fields=["provider", "created_at"], name="usage_provider_time"),
            models.Index(fields=["session_id"], name="usage_session"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(total_tokens=models.F("input_tokens") + models.F("output_tokens")),
                name="total_is_input_plus_output",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.provider}/{self.model}"

    @property
    def target(self) -> models.Model | None:
        """What the call was about; None where it was about nothing, or that is gone. One query."""
        label, _, key = str(self.metadata.get("target", "")).rpartition(":")
        try:
            kind = apps.get_model(label) if label else None
            return kind._default_manager.filter(pk=key).first() if kind else None
        except (LookupError, ValueError, ValidationError):
            return None
