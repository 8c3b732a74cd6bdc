"""A deliberation: the session, its calls, and the numbered events that every viewer reads.

Rows are the truth. One writer per session: whoever holds the claim.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from providers.access.roles import Role, role_of
from providers.fields import MoneyField

OPEN_STATES = ("queued", "running")


class SessionQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "SessionQuery":
        """A user's own sessions and those shared with the team; an admin also those that say so (`owner`)."""
        role = role_of(user)
        if role is None:
            return self.none()
        shared = ("team", "owner") if role is Role.ADMIN else ("team",)
        return self.filter(Q(owner=user) | Q(visibility__in=shared))

    def of(self, user: Any) -> "SessionQuery":
        """Sessions that the user may act on: own ones, and for an admin all that are visible."""
        return self.visible_to(user) if role_of(user) is Role.ADMIN else self.filter(owner=user)


class SenateSession(models.Model):
    """State: queued, running, done, partial, failed, cancelled. `plan` is what `mode` came to.

    `visibility`: team (everybody who is signed in), owner (who asked, and admins), private (who asked alone).
    `follows`: the session whose answer this question goes on from. `compares`: the session whose question this
    one asks a single member, `compares_seat`, to set beside its resolution. `service`: the id of the service
    that it is for, where it is for one; its usage rows carry it.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="senate_sessions")
    question = models.TextField()
    messages = models.JSONField(default=list, help_text="the whole conversation for API clients")
    mode = models.CharField(max_length=12, default="auto")
    plan = models.CharField(max_length=12, default="solo")
    why = models.CharField(max_length=300, blank=True, default="")
    visibility = models.CharField(max_length=8, default="team")
    seats = models.JSONField(default=list, help_text="[{provider, model, name, monogram, slot}] in seat order")
    state = models.CharField(max_length=10, default="queued", db_index=True)
    phase = models.CharField(max_length=10, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    resolution = models.TextField(blank=True, default="")
    chair = models.SmallIntegerField(null=True, blank=True)
    quoted_usd = MoneyField(default=0)
    quoted_tokens = models.BigIntegerField(default=0)
    reservation = models.UUIDField(null=True, blank=True)
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    follows = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="followed_by")
    compares = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="compared_with")
    compares_seat = models.SmallIntegerField(null=True, blank=True)
    service = models.CharField(max_length=64, blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    last_n = models.PositiveIntegerField(default=0, help_text="number of its newest event")
    claimed_by = models.CharField(max_length=80, blank=True, default="")
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    claims = models.PositiveSmallIntegerField(default=0, help_text="how many workers have taken it")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuery.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="session_owner"),
            models.Index(fields=["visibility", "-id"], name="session_team"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["compares", "compares_seat"], name="one_solo_per_seat_compared"),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"

    def seat_name(self, seat: int) -> str:
        """`provider/model` of that seat."""
        return f"{self.seats[seat]['provider']}/{self.seats[seat]['model']}"

    @property
    def about(self) -> dict[str, str]:
        """What each usage row of it says in its metadata."""
        return {"service": self.service} if self.service else {}


class SenateCall(models.Model):
    """One member's part in one phase. `key` is unique in the session, e.g. propose:0, review:2, chair:1,
    review:2:repair; a call that a lost worker left open becomes review:2:lost1 and is made again.

    State: waiting, writing, done, failed, timed_out, cancelled. `text` is what people read of it; `data` holds
    the whole reply (`reply`) where that is something else, and a ballot's or the chair's parts.
    """

    session = models.ForeignKey(SenateSession, models.CASCADE, related_name="calls")
    key = models.CharField(max_length=40)
    phase = models.CharField(max_length=10)
    member = models.SmallIntegerField()
    state = models.CharField(max_length=10, default="waiting")
    text = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=60, blank=True, default="")
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_usd = MoneyField(default=0)
    estimated = models.BooleanField(default=False)
    log_id = models.UUIDField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["session", "key"], name="one_call_per_key")]

    def __str__(self) -> str:
        return f"{self.session_id} {self.key}"


class SenateEvent(models.Model):
    """Event `n` of a session, gap-free from 1: {n, at, type, phase, member, data}. Append-only."""

    session = models.ForeignKey(SenateSession, models.CASCADE, related_name="events")
    n = models.PositiveIntegerField()
    at = models.DateTimeField()
    type = models.CharField(max_length=20)
    phase = models.CharField(max_length=10, blank=True, default="")
    member = models.SmallIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["session", "n"], name="events_are_numbered")]

    def __str__(self) -> str:
        return f"{self.session_id}#{self.n}"
