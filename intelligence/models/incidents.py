"""What goes wrong, grouped: one row for the same failure of the same service, however often it comes."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from intelligence.models.deployments import Deployment
from intelligence.models.services import Service
from providers.access.roles import role_of

OPEN, SNOOZED, RESOLVED, DISMISSED = "open", "snoozed", "resolved", "dismissed"
STATES = (OPEN, SNOOZED, RESOLVED, DISMISSED)
SEVERITIES = ("high", "medium", "low")


class IncidentQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "IncidentQuery":
        if role_of(user) is None:
            return self.none()
        return self.filter(service__in=Service.objects.visible_to(user))


class Incident(models.Model):
    """`fingerprint`: what makes it the same one (SHA-256 of service, code and what it is about). `shape`: what the
    failure looked like when it was last decided on; a dismissed one comes back only when that changes, and
    `changed` says how. `regressions`: how often it came back after it was resolved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="incidents")
    fingerprint = models.CharField(max_length=64)
    code = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True, default="")
    title = models.TextField(help_text="what happens, in one sentence")
    severity = models.CharField(max_length=6, default="medium")
    state = models.CharField(max_length=9, default=OPEN)
    shape = models.CharField(max_length=300, blank=True, default="")
    changed = models.TextField(blank=True, default="")
    count = models.BigIntegerField(default=0)
    regressions = models.PositiveIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    deployment = models.ForeignKey(Deployment, models.SET_NULL, null=True, blank=True, related_name="incidents")
    why = models.TextField(blank=True, default="", help_text="why it was snoozed, resolved or dismissed")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)

    objects = IncidentQuery.as_manager()

    class Meta:
        ordering = ["-last_seen", "-id"]
        indexes = [models.Index(fields=["state", "-last_seen"], name="incidents_by_state")]
        constraints = [models.UniqueConstraint(fields=["service", "fingerprint"], name="incident_once_a_service")]

    def __str__(self) -> str:
        return f"{self.code} of {self.service_id}"


class IncidentDay(models.Model):
    """How often it came on one UTC day."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="days")
    day = models.DateField()
    count = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["incident", "day"], name="incident_counted_by_day")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.day}: {self.count}"


class ServiceScan(models.Model):
    """The periodic look at one service: a lease, and how far it has read. `read_bytes`: what has been
    looked at of `reading`'s log."""

    service = models.OneToOneField(Service, models.CASCADE, related_name="scan")
    claim = models.CharField(max_length=32, blank=True, default="")
    claim_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, default="")
    reading = models.ForeignKey(Deployment, models.SET_NULL, null=True, blank=True, related_name="+")
    read_bytes = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"scan of {self.service_id}"
