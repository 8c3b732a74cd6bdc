"""A troubleshooting run and its steps: each thought of a model, each call of a tool."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from intelligence.models.approvals import Approval
from intelligence.models.incidents import Incident
from intelligence.models.services import Service
from providers.access.roles import Role, role_of
from providers.fields import MoneyField

OPEN_RUN = ("queued", "running", "waiting")


class AgentRunQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "AgentRunQuery":
        """Those who work with agents read every run; nobody else reads any."""
        return self.all() if role_of(user) in (Role.ADMIN, Role.ENGINEER) else self.none()


class AgentRun(models.Model):
    """State: queued, running, waiting (for a person's yes), done, partial (its budget ended), failed, cancelled.

    `cause`: asked, incident or cost; `once` makes one that starts by itself the only one of its kind (of that
    incident, of that week). `mind`: model, or runbook, the fixed list that answers where no model can; `fallback`
    says why. `evidence`: [{url, label, says}] that stood in results; `unproven`: [{url, says}] that did not.
    `seconds` is time at work, not time waited for a person. It is a lease: every write names `claimed_by`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.TextField()
    service = models.ForeignKey(Service, models.SET_NULL, null=True, blank=True, related_name="agent_runs")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, blank=True, related_name="agent_runs")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="agent_runs")
    cause = models.CharField(max_length=8, default="asked")
    once = models.CharField(max_length=80, unique=True, null=True, blank=True)
    scopes = models.JSONField(default=list)
    state = models.CharField(max_length=10, default="queued")
    mind = models.CharField(max_length=8, blank=True, default="")
    provider = models.CharField(max_length=100, blank=True, default="")
    model = models.CharField(max_length=120, blank=True, default="")
    fallback = models.TextField(blank=True, default="")
    answer = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=list)
    unproven = models.JSONField(default=list)
    reason = models.TextField(blank=True, default="")
    most_steps = models.PositiveSmallIntegerField()
    most_seconds = models.PositiveIntegerField()
    most_usd = MoneyField()
    steps_used = models.PositiveSmallIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    cost_usd = MoneyField(default=0)
    cancel_requested = models.BooleanField(default=False)
    claimed_by = models.CharField(max_length=80, blank=True, default="")
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    claims = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AgentRunQuery.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["state", "claim_expires_at"], name="agent_run_work"),
            models.Index(fields=["service", "-created_at"], name="agent_run_of_service"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def session_id(self) -> str:
        """What its usage rows are found by."""
        return f"agent-{self.pk}"


class AgentStep(models.Model):
    """Step `n` of a run, from 1. `kind`: think (a turn of the mind: `text`, and the `calls` that it asks for, as
    OpenAI has them) or tool (one call, of turn `turn`, answered under `call_id`).

    The state of a call: waiting, running, approval (a person decides), done, failed, refused, cancelled, or lost:
    begun by a worker that was lost, nobody knows how it ended, and it is not begun again.
    """

    run = models.ForeignKey(AgentRun, models.CASCADE, related_name="steps")
    n = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=5)
    turn = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True, default="")
    calls = models.JSONField(default=list)
    call_id = models.CharField(max_length=512, blank=True, default="")
    tool = models.CharField(max_length=64, blank=True, default="")
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default="done")
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    approval = models.ForeignKey(Approval, models.SET_NULL, null=True, blank=True, related_name="+")
    cost_usd = MoneyField(default=0)
    log_id = models.UUIDField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["run", "n"], name="agent_steps_are_numbered")]

    def __str__(self) -> str:
        return f"{self.run_id} step {self.n}"
