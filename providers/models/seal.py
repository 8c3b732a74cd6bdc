"""Seals: each holds a hash over a run of rows and over the seal before it. And the last check of a chain."""

from django.db import models
from django.utils import timezone


class Seal(models.Model):
    """One link of a chain. Never changed (triggers); a change all the same is found by `hash` and `mac`.

    Rows `first` to `last` without a gap. `digests`: 8 bytes per row, by which a changed row is named. `layout`:
    which columns are hashed. `adopted`: rows without a signature were taken over as they were found.
    `mac` is over `hash`, with the key named `key` (see `providers.trail.signature`).
    """

    chain = models.CharField(max_length=10)
    number = models.BigIntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    layout = models.PositiveSmallIntegerField()
    adopted = models.BooleanField(default=False)
    rows_hash = models.CharField(max_length=64)
    digests = models.BinaryField()
    previous = models.CharField(max_length=64, blank=True, default="")
    hash = models.CharField(max_length=64)
    key = models.CharField(max_length=16)
    mac = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="one_seal")]

    def __str__(self) -> str:
        return f"seal {self.number} of {self.chain}"


class ChainCheck(models.Model):
    """The last verification of a chain. `first_bad`: the number of the first row that is not proven."""

    chain = models.CharField(max_length=10, primary_key=True)
    at = models.DateTimeField()
    ok = models.BooleanField()
    rows = models.BigIntegerField()
    unsealed = models.BigIntegerField()
    seconds = models.FloatField()
    first_bad = models.BigIntegerField(null=True)
    problem = models.TextField(blank=True, default="")
    note = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"check of {self.chain}"
