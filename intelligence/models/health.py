"""How a service answered when it was last asked."""

from django.db import models

from intelligence.models.services import Service


class ServiceHealth(models.Model):
    """`ok` None: never asked. `since`: when `ok` last changed. `words`: status and first words of the answer."""

    service = models.OneToOneField(Service, models.CASCADE, primary_key=True, related_name="health")
    ok = models.BooleanField(null=True)
    words = models.CharField(max_length=300, blank=True, default="")
    since = models.DateTimeField(null=True)
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["service"]

    def __str__(self) -> str:
        return f"{self.service_id}: {self.ok}"
