"""Rows of the auto-fixer: an attempt to fix one failed deployment, and its five named steps."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from intelligence.models import Approval, Deployment, Service
from providers.access.roles import role_of
from providers.fields import MoneyField

STEPS = ("collect", "ask", "plan", "push", "pull_request")
OPEN_STATES = ("queued", "running")


class AttemptQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "AttemptQuery":
        """Every role reads every attempt; nobody else reads any."""
        return self.all() if role_of(user) is not None else self.none()


class FixAttempt(models.Model):
    """State: queued, running, succeeded, failed. One open attempt a deployment; `lineage` is the deployment that
    failed first, which the ones made from its fixes share.

    `proposal` is all that was proposed, also what was left out: {description, changes} or {patch}. `red` and
    `green` are the check before and after: {command, exit_code, killed_by, seconds, output}. `verified` only with
    both; `unverified` says why not. `diff` is what was pushed or stopped. It is a lease: every write of a
    worker names `claimed_by`.
    """

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="fix_attempts")
    service = models.ForeignKey(Service, models.CASCADE, related_name="fix_attempts")
    lineage = models.UUIDField(db_index=True)
    engine = models.CharField(max_length=8)
    model = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=10, default="queued")
    step = models.CharField(max_length=12, blank=True, default="")
    error = models.TextField(blank=True, default="")
    cause = models.CharField(max_length=300, blank=True, default="")
    description = models.TextField(blank=True, default="")
    context = models.JSONField(default=dict)
    proposal = models.JSONField(default=dict)
    prompt_hash = models.CharField(max_length=64, blank=True, default="")
    base_branch = models.CharField(max_length=200, blank=True, default="")
    base_sha = models.CharField(max_length=64, blank=True, default="")
    branch = models.CharField(max_length=200, blank=True, default="")
    sha = models.CharField(max_length=64, blank=True, default="")
    diff = models.TextField(blank=True, default="")
    diff_bytes = models.PositiveIntegerField(default=0)
    files = models.JSONField(default=list, help_text="[{path, added, removed}] that were taken")
    left_out = models.JSONField(default=list, help_text="[{path, why}]")
    findings = models.JSONField(default=list, help_text="why a cheating patch was stopped")
    new_packages = models.JSONField(default=list, help_text="new dependencies that nobody vouches for")
    red = models.JSONField(null=True, blank=True)
    green = models.JSONField(null=True, blank=True)
    verified = models.BooleanField(default=False)
    unverified = models.CharField(max_length=300, blank=True, default="")
    truncated = models.BooleanField(default=False)
    remote_session = models.CharField(max_length=120, blank=True, default="", help_text="of Jules or the Senate")
    approval = models.ForeignKey(Approval, models.SET_NULL, null=True, blank=True, related_name="+")
    pr_number = models.PositiveIntegerField(null=True, blank=True)
    pr_url = models.CharField(max_length=500, blank=True, default="")
    pr_state = models.CharField(max_length=8, blank=True, default="", help_text="open, merged, closed")
    pr_draft = models.BooleanField(default=False)
    pr_closed_at = models.DateTimeField(null=True, blank=True)
    pr_seen_at = models.DateTimeField(null=True, blank=True)
    ci_state = models.CharField(max_length=10, blank=True, default="")
    redeployment = models.ForeignKey(Deployment, models.SET_NULL, null=True, blank=True, related_name="+")
    cost_usd = MoneyField(default=0)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requester = models.CharField(max_length=150, default="auto-fix")
    rounds = models.PositiveSmallIntegerField(default=1)
    claimed_by = models.CharField(max_length=80, blank=True, default="")
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    claims = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuery.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["state", "claim_expires_at"], name="fix_work"),
            models.Index(fields=["service", "-created_at"], name="fix_of_service"),
            models.Index(fields=["pr_state", "pr_seen_at"], name="fix_pull_request"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"], condition=Q(state__in=OPEN_STATES), name="one_open_fix_a_deployment"
            )
        ]

    def __str__(self) -> str:
        return f"fix {self.pk}"


class FixStep(models.Model):
    """State: waiting, running, done, failed. A step that is done again keeps its log and goes on with it."""

    attempt = models.ForeignKey(FixAttempt, models.CASCADE, related_name="steps")
    n = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=12)
    state = models.CharField(max_length=8, default="waiting")
    log = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["attempt", "name"], name="fix_step_once")]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.name}"
