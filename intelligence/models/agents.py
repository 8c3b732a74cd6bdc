"""Agents of the ops API: who they are, whose they are, what they may, and the keys that prove it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

CALLS_PER_MINUTE = 600


class Agent(models.Model):
    """`scopes`: what it may at most, words with a space between. A token of another `generation` than the row's is
    refused, so one more ends every token at once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="agents")
    scopes = models.TextField(blank=True, default="")
    active = models.BooleanField(default=True)
    generation = models.PositiveIntegerField(default=1)
    calls_per_minute = models.PositiveIntegerField(default=CALLS_PER_MINUTE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="agent_names_differ")]

    def __str__(self) -> str:
        return self.name


class AgentKey(models.Model):
    """A long-lived key of an agent; only its SHA-256 is stored. It is live until `ends_at`; two are at most."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="keys")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"key {self.pk} of {self.agent_id}"


class EndedToken(models.Model):
    """A token that was given back before its time; kept until it would have expired anyway."""

    jti = models.CharField(max_length=36, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.jti


class AgentStop(models.Model):
    """The one row of the kill switch."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    stopped = models.BooleanField(default=False)
    why = models.CharField(max_length=500, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return "stopped" if self.stopped else "running"
