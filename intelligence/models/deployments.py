"""A deployment and its log. The log is kept in compressed chunks, so that no reader loads it whole."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from intelligence.models.services import Service
from providers.access.roles import role_of


class Status(models.TextChoices):
    QUEUED = "QUEUED"
    BUILDING = "BUILDING"
    DEPLOYING = "DEPLOYING"
    HEALTH_CHECK = "HEALTH_CHECK"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED = (Status.RUNNING, Status.FAILED, Status.CANCELLED)


class DeploymentQuery(models.QuerySet):
    def visible_to(self, user: Any) -> "DeploymentQuery":
        """The deployments of the services that the user may see."""
        if role_of(user) is None:
            return self.none()
        return self.filter(service__in=Service.objects.visible_to(user))


class Deployment(models.Model):
    """`origin`: local, hook, reported, or the webhook source that told of it; `external_id` is its id there.

    `failed_in` is the status that it failed from. `log_bytes` and `log_lines` describe the stored log. A real
    deployment is a lease: a worker claims it, renews, and another goes on when the claim has expired.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="deployments")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    failed_in = models.CharField(max_length=12, blank=True, default="")
    reason = models.TextField(blank=True, default="", help_text="why it failed or was cancelled, one sentence")
    commit = models.CharField(max_length=64, blank=True, default="")
    branch = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=80, blank=True, default="production")
    origin = models.CharField(max_length=16, default="reported")
    external_id = models.CharField(max_length=200, blank=True, default="")
    fixes = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="fixed_by")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    log_bytes = models.BigIntegerField(default=0)
    log_lines = models.BigIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    claimed_by = models.CharField(max_length=80, blank=True, default="")
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    claims = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    deploying_at = models.DateTimeField(null=True, blank=True)
    checking_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    summary = models.TextField(blank=True, default="", help_text="how it ended and why, in a few sentences")
    summarised_at = models.DateTimeField(null=True, blank=True)

    objects = DeploymentQuery.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["service", "-created_at"], name="deployment_of_service"),
            models.Index(fields=["status", "claim_expires_at"], name="deployment_work"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "origin", "external_id"],
                condition=~models.Q(external_id=""),
                name="reported_deployment_once",
            )
        ]

    def __str__(self) -> str:
        return f"deployment {self.pk}"


class LogChunk(models.Model):
    """Chunk `n` of a log, from 0. `data` is zlib over UTF-8; `offset` and `first_line` (1-based) say where in
    the whole it begins. Only the last chunk of a log ever changes; each ends at a line end, but for the last."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="chunks")
    n = models.PositiveIntegerField()
    offset = models.BigIntegerField()
    size = models.PositiveIntegerField(help_text="bytes, before compression")
    first_line = models.BigIntegerField()
    lines = models.PositiveIntegerField(help_text="line ends in it")
    data = models.BinaryField()

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["deployment", "n"], name="log_chunks_are_numbered")]

    def __str__(self) -> str:
        return f"{self.deployment_id} chunk {self.n}"
