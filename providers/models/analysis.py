"""Analyses: what a model said of an object, asked once per canonical input."""

import hashlib
import json
import uuid
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone

from providers.models.ledger import AIUsageLog

RUNNING, DONE, FAILED = "running", "done", "failed"


def hash_of(input_data: Any) -> str:
    """SHA-256 of the canonical JSON: keys sorted, no spaces, UTF-8."""
    words = json.dumps(input_data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(words.encode()).hexdigest()


class AIAnalysis(models.Model):
    """One analysis. Of each input one row is current; what a forced new one replaced stays as history.

    `claim` names the caller that is working on it until `claim_until`; an expired claim is free for the next.
    `input_data` holds no key and no model address. `confidence` is from 0 to 1, or unknown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.CharField(max_length=64)
    target = GenericForeignKey("content_type", "object_id")
    analysis_type = models.CharField(max_length=60)
    provider = models.CharField(max_length=40, blank=True, default="")
    model = models.CharField(max_length=200, blank=True, default="")
    model_version = models.CharField(max_length=200, blank=True, default="")
    input_data = models.JSONField()
    input_hash = models.CharField(max_length=64, editable=False)
    input_cut_chars = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    validation_passed = models.BooleanField(default=True)
    validation_errors = models.JSONField(default=list, blank=True)
    triggered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    usage_log = models.ForeignKey(
        AIUsageLog, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+"
    )
    is_reviewed = models.BooleanField(default=False)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, default=RUNNING, choices=[(s, s) for s in (RUNNING, DONE, FAILED)])
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    is_current = models.BooleanField(default=True)
    claim = models.CharField(max_length=32, blank=True, default="")
    claim_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["content_type", "object_id", "analysis_type"], name="analysis_target")]
        constraints = [
            models.UniqueConstraint(
                fields=["input_hash"], condition=Q(is_current=True), name="one_current_analysis"
            ),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=0, confidence__lte=1), name="confidence_0_to_1"
            ),
            models.CheckConstraint(condition=~Q(state=DONE) | Q(result__isnull=False), name="done_has_a_result"),
            models.CheckConstraint(
                condition=Q(is_reviewed=True, reviewed_at__isnull=False)
                | Q(is_reviewed=False, reviewed_at=None, reviewed_by=None),
                name="reviewed_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.analysis_type} of {self.input_data.get('target', '')}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.input_hash = hash_of(self.input_data)
        super().save(*args, **kwargs)

    def review(self, by: Any) -> None:
        """Marks it as seen and accepted by a person."""
        self.is_reviewed, self.reviewed_by, self.reviewed_at = True, by, timezone.now()
        self.save(update_fields=["is_reviewed", "reviewed_by", "reviewed_at", "updated_at"])

    # What the caller of `AIService.analyze_object` also gets: the answer behind it, None where none was asked for.
    response: Any = None

    @property
    def cached(self) -> bool:
        """True: nothing was called for it this time."""
        return self.response is None

    @property
    def content(self) -> str:
        """The result as text."""
        found = self.result or {}
        return found["text"] if set(found) == {"text"} else json.dumps(found, ensure_ascii=False)

    @property
    def parsed(self) -> Any:
        """The validated object of `response_model`; None where the result was stored before, see `result`."""
        return self.response.parsed if self.response else None

    @property
    def cost_usd(self) -> Any:
        """What this call for it has cost: 0 where the stored result was used."""
        return self.response.cost_usd if self.response else 0
