"""An act that waits for a person: exactly this act, once, before its time is up."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from intelligence.models.agents import Agent
from providers.access.roles import role_of

WAITING = "pending"


class ApprovalQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "ApprovalQuery":
        """Every role reads what was asked and decided; nobody else does."""
        return self.all() if role_of(user) is not None else self.none()


class Approval(models.Model):
    """State: pending, approved, executing, done, failed, denied, expired, changed (the target was no longer as it
    was when it was asked), cancelled.

    `digest` binds act, arguments and the target's state, under a key that is not in the database: a changed row is
    never executed. `touches` is what the approver sees of the blast radius, [[label, value], …], `changes` of the
    dry run, [[what, now, then], …]. `caller`: of a call by an agent, on whose rights it runs; bound as well.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    act = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    target = models.CharField(max_length=200, help_text="what a destructive act makes the approver type")
    target_state = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    risk = models.CharField(max_length=12, default="write")
    title = models.CharField(max_length=300)
    why = models.TextField(blank=True, default="", help_text="what the requester wants it for")
    evidence_url = models.CharField(max_length=500, blank=True, default="")
    touches = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    agent = models.ForeignKey(Agent, models.PROTECT, null=True, related_name="approvals")
    caller = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requester = models.CharField(max_length=150, help_text="a user's name, an agent, or auto-fix")
    state = models.CharField(max_length=10, default=WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_why = models.TextField(blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    executed_at = models.DateTimeField(null=True, blank=True)

    objects = ApprovalQuery.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["state", "expires_at"], name="approval_waiting")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "expired", "cancelled"]) | Q(decided_at__isnull=False),
                name="approval_decided_has_a_time",
            ),
            models.UniqueConstraint(
                fields=["digest"], condition=Q(state="pending"), name="one_approval_waits_for_an_act"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} ({self.state})"
