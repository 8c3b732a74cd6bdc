"""Requests that name themselves, so that a repeat of one does nothing twice."""

from django.conf import settings
from django.db import models


class IdempotentRequest(models.Model):
    """One request by (user, endpoint, key). `resource` is what it made; `status` None: it is still under way.

    `held_until`: a request whose process died is taken up by the next repeat after that.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    endpoint = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the body")
    resource = models.CharField(max_length=64, blank=True, default="")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.JSONField(default=dict)
    held_until = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "endpoint", "key"], name="one_request_per_key"),
        ]
        indexes = [models.Index(fields=["created_at"], name="request_age")]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.key[:12]}"
