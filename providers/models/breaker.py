"""State of the circuit breakers: one row per provider and model that ever failed, shared by all processes."""

from django.db import models


class ProviderBreaker(models.Model):
    """Closed where `opened_at` is empty. `probe` names the one call that may try an open one, until `probe_until`.

    Written by the ledger's writer together with the attempt's row; a probe is claimed by a conditional UPDATE.
    `not_before`: the upstream asked for more patience than the breaker has. Calls begun before `reset_at`
    say nothing any more.
    """

    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    failures = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=20, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    probe = models.CharField(max_length=32, blank=True, default="")
    probe_until = models.DateTimeField(null=True, blank=True)
    reset_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "model"], name="one_breaker")]

    def __str__(self) -> str:
        return f"breaker of {self.provider}/{self.model}"
