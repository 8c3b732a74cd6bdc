"""Analyses of logs, what they were asked of, and what they recommend."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from intelligence.models.deployments import Deployment
from intelligence.models.incidents import Incident
from intelligence.models.services import Service
from providers.access.roles import role_of
from providers.models import AIUsageLog

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
MODES = ("rules", "hybrid", "ai")
FAILURE = "failure"  # a run that was made because a deployment failed


class RunQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "RunQuery":
        """Every role reads every analysis; nobody else does."""
        return self.all() if role_of(user) is not None else self.none()


class AnalysisRun(models.Model):
    """One analysis of one log: a deployment's, or one that was given (`chunks`). A lease, as a deployment is.

    `cause_of_run`: asked, failure (one for each failed deployment) or scan. `result` is the answer as the API
    gives it. `source`: ai where a model's words stand in it, else local; `fallback`: why the local rules answered
    although a model was asked. Its calls are the usage rows with `session_id` = `analysis-<id>`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, null=True, blank=True, related_name="analyses")
    deployment = models.ForeignKey(Deployment, models.CASCADE, null=True, blank=True, related_name="analyses")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, blank=True, related_name="analyses")
    title = models.CharField(max_length=200, blank=True, default="")
    mode = models.CharField(max_length=6, default="hybrid")
    cause_of_run = models.CharField(max_length=8, default="asked")
    state = models.CharField(max_length=8, default=QUEUED)
    error = models.TextField(blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    source = models.CharField(max_length=5, default="local")
    provider = models.CharField(max_length=100, blank=True, default="")
    fallback = models.TextField(blank=True, default="")
    usage_log = models.ForeignKey(
        AIUsageLog, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+"
    )
    log_bytes = models.BigIntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0)
    read_lines = models.BigIntegerField(default=0)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=32, blank=True, default="")
    claim_until = models.DateTimeField(null=True, blank=True)
    claims = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuery.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["state", "claim_until"], name="analyses_to_do")]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"], condition=Q(cause_of_run=FAILURE), name="failure_analysed_once"
            ),
            models.CheckConstraint(condition=~Q(state=DONE) | Q(result__isnull=False), name="run_has_a_result"),
        ]

    def __str__(self) -> str:
        return f"analysis {self.pk}"

    @property
    def session_id(self) -> str:
        """What its usage rows are found by."""
        return f"analysis-{self.pk}"


class AnalysisChunk(models.Model):
    """A part of a log that was given for analysis, redacted; zlib over UTF-8, cut at line ends if it has any."""

    run = models.ForeignKey(AnalysisRun, models.CASCADE, related_name="chunks")
    n = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["run", "n"], name="analysis_chunks_are_numbered")]

    def __str__(self) -> str:
        return f"{self.run_id} chunk {self.n}"


class RecommendationQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "RecommendationQuery":
        return self.all() if role_of(user) is not None else self.none()


class Recommendation(models.Model):
    """One thing to do. `digest` (of its words) makes it the same one when an incident is analysed again, so what
    was rejected stays rejected. `lines` and `quote`: where the log says why, [first, last]."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(AnalysisRun, models.CASCADE, related_name="recommendations")
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, blank=True, related_name="recommendations")
    n = models.PositiveSmallIntegerField(default=0)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    source = models.CharField(max_length=5, help_text="ai or local")
    quote = models.TextField(blank=True, default="")
    lines = models.JSONField(null=True, blank=True)
    state = models.CharField(max_length=8, default="open", help_text="open, accepted or rejected")
    why = models.TextField(blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RecommendationQuery.as_manager()

    class Meta:
        ordering = ["-created_at", "n", "id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "digest"], name="recommended_once_a_run"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
