"""Samples of what a service uses."""

from django.db import models

from intelligence.models.services import Service


class Sample(models.Model):
    """At one moment: CPU in percent of what the service may use (100 is all of it), memory in bytes, and two
    counters that only grow while a process lives: restarts and OOM kills. What was not told is null."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    cpu_percent = models.FloatField(null=True)
    memory_bytes = models.BigIntegerField(null=True)
    memory_limit_bytes = models.BigIntegerField(null=True)
    restarts = models.BigIntegerField(null=True)
    oom_kills = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["service", "at"], name="one_sample_a_moment")]

    def __str__(self) -> str:
        return f"{self.service_id} at {self.at}"
