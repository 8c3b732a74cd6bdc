"""What arrives from outside: deliveries of webhooks, refusals that were counted, alerts."""

from django.db import models

from intelligence.models.services import Service


class WebhookDelivery(models.Model):
    """One verified delivery, worked on once. State: received, done, ignored. `report` is what was read from it,
    emptied when it is done; `note` says what became of it."""

    source = models.CharField(max_length=16)
    delivery_id = models.CharField(max_length=200)
    service = models.ForeignKey(Service, models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, default="received")
    note = models.CharField(max_length=300, blank=True, default="")
    report = models.JSONField(default=dict)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [models.Index(fields=["state", "received_at"], name="deliveries_waiting")]
        constraints = [
            models.UniqueConstraint(fields=["source", "service", "delivery_id"], name="webhook_delivered_once")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.delivery_id}"


class WebhookRefusal(models.Model):
    """How often deliveries of a source were refused for one reason. A row each, however often."""

    source = models.CharField(max_length=16)
    code = models.CharField(max_length=40)
    count = models.BigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["source", "code"]
        constraints = [models.UniqueConstraint(fields=["source", "code"], name="webhook_refusals_are_counted")]

    def __str__(self) -> str:
        return f"{self.source} {self.code}: {self.count}"


class Alert(models.Model):
    """An alert about a service, from when it began to fire until it was resolved (`ended_at`)."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="alerts")
    fingerprint = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    severity = models.CharField(max_length=40, blank=True, default="")
    summary = models.TextField(blank=True, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["service", "fingerprint", "started_at"], name="an_alert_fires_once")
        ]

    def __str__(self) -> str:
        return self.name
