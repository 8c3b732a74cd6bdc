"""Who is told when a cap or a budget is nearly used, by which channel, and whether it was sent."""

import json
from typing import Any

from django.conf import settings
from django.db import models

from providers.fields import SecretField


class NotificationChannel(models.Model):
    """Where notifications go. `config` is JSON and encrypted: `{"to": [...]}` of e-mail, `{"url", "secret"}` of a
    webhook, empty for the page."""

    class Kind(models.TextChoices):
        PAGE = "page", "Page"
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    config = SecretField(blank=True, default="")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.kind} channel {self.name}"

    @property
    def settings(self) -> dict[str, Any]:
        """Empty where nothing is set, or no encryption key at hand reads it."""
        return json.loads(self.config) if self.config else {}


class Notification(models.Model):
    """One thing that people are told. `event` names it for good, so nothing is told twice."""

    event = models.CharField(max_length=120, unique=True)
    type = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    text = models.TextField()
    data = models.JSONField(default=dict)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    day = models.DateField(db_index=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.event


class NotificationDelivery(models.Model):
    """One notification by one channel. `next_at`: when a worker may try (again); None once it is over."""

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(NotificationChannel, models.CASCADE, related_name="deliveries")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, db_index=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notification", "channel"], name="once_by_each_channel")]

    def __str__(self) -> str:
        return f"{self.notification_id} by channel {self.channel_id}"


class NotificationSeen(models.Model):
    """Somebody has put a notification of the page away."""

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notification", "user"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.notification_id} seen by user {self.user_id}"
