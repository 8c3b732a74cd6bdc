"""Sums over usage rows, kept so that no page adds up millions of rows. Derived: they can be rebuilt at any time.

Only `providers/usage/rollup/` writes these tables. A generation is one complete set of sums; pages read the
current one, and a rebuild fills another beside it.
"""

from django.db import models

PACKED = 24  # columns for counts of times; each holds two counts of 31 bits
PACKED_NAMES = tuple(f"times_{n:02}" for n in range(PACKED))


class UsageGeneration(models.Model):
    """`watermark`: the number of the last usage row that is in these sums. Moves only with them.

    `series` False: from before there were `UsageSeries`, `UsageSpend` and `UsageTime`; `rebuild_rollups` makes
    them."""

    id = models.IntegerField(primary_key=True)
    watermark = models.BigIntegerField(default=0)
    current = models.BooleanField(default=False)
    series = models.BooleanField(default=True)
    started_at = models.DateTimeField(auto_now_add=True)
    rolled_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sums up to row {self.watermark}"


class UsageKey(models.Model):
    """What a sum is of. Dimensions that its cube leaves out are empty (user 0).

    `kind`: bits, see `providers.usage.rollup.cells`.
    """

    generation = models.IntegerField()
    cube = models.PositiveSmallIntegerField()
    user_id = models.BigIntegerField()
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    operation = models.CharField(max_length=60)
    service = models.CharField(max_length=100)
    kind = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "cube", "user_id", "provider", "model", "operation", "service", "kind"],
                name="one_usage_key",
            )
        ]

    def __str__(self) -> str:
        return f"cube {self.cube}: {self.user_id} {self.provider}/{self.model} {self.operation} {self.service}"


class _SoFar(models.Model):
    """Running totals of a key from its first call to the end of a UTC day that had calls: what a range sums up to
    is the last one in it, less the last one before it, however long it is. `day`: days since 1970-01-01.

    Money in whole micro-dollars and the pico-dollars that are left: one sum would overflow at $9.2 M."""

    key = models.ForeignKey(UsageKey, models.CASCADE, db_index=False, related_name="+")
    day = models.IntegerField()
    calls = models.BigIntegerField()
    spend_high = models.BigIntegerField()
    spend_low = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"key {self.key_id} up to day {self.day}"


class UsageTotal(_SoFar):
    """Of each kind of calls: everything that is summed."""

    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cached_input_tokens = models.BigIntegerField()
    cache_write_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="one_usage_total")]


for _name in PACKED_NAMES:
    models.BigIntegerField(default=0).contribute_to_class(UsageTotal, _name)


class UsageSpend(_SoFar):
    """Calls and money alone, of keys whose `kind` is TOGETHER."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="one_usage_spend")]
        # All columns: what a year sums up to stands side by side in it, and the table is not read.
        indexes = [models.Index(fields=["key", "day", "calls", "spend_high", "spend_low"], name="usage_spend_all")]


class UsageQuarters(models.Model):
    """The quarters of an hour of one UTC day, packed; for days that begin elsewhere than at 00:00 UTC."""

    key = models.ForeignKey(UsageKey, models.CASCADE, db_index=False, related_name="+")
    day = models.IntegerField()
    running = models.BinaryField()
    tokens = models.BinaryField()
    times = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="one_usage_quarters")]

    def __str__(self) -> str:
        return f"quarters of key {self.key_id} on day {self.day}"


class UsageSeries(models.Model):
    """Calls and money of one UTC day, with its quarters of an hour packed, of keys whose `kind` is TOGETHER: a
    chart of a year in any zone reads a row a day for each line, whatever kinds of calls there were."""

    key = models.ForeignKey(UsageKey, models.CASCADE, db_index=False, related_name="+")
    day = models.IntegerField()
    calls = models.BigIntegerField()
    spend_high = models.BigIntegerField()
    spend_low = models.BigIntegerField()
    running = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="one_usage_series")]

    def __str__(self) -> str:
        return f"series of key {self.key_id} on day {self.day}"


class UsageTime(models.Model):
    """Milliseconds of all calls to a provider, for the sum of a histogram."""

    generation = models.IntegerField()
    provider = models.CharField(max_length=40)
    ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "provider"], name="one_usage_time")]

    def __str__(self) -> str:
        return f"time of {self.provider}"


class UsageSession(models.Model):
    """All calls of a session together, to find the dearest ones. `spend_micro` is never below the true spend.

    `first` and `last` are quarters of an hour since 1970; `lasting`: over more than a day.
    """

    generation = models.IntegerField()
    session_id = models.CharField(max_length=64)
    user_id = models.BigIntegerField()
    first = models.IntegerField()
    last = models.IntegerField()
    lasting = models.BooleanField()
    calls = models.BigIntegerField()
    spend_micro = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "session_id", "user_id"], name="one_usage_session")
        ]
        indexes = [
            models.Index(fields=["generation", "-spend_micro", "id"], name="usage_session_spend"),
            models.Index(fields=["generation", "user_id", "-spend_micro", "id"], name="usage_session_user"),
            models.Index(fields=["generation", "last"], name="usage_session_last"),
            models.Index(
                fields=["generation", "last"], name="usage_session_lasting", condition=models.Q(lasting=True)
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.session_id}"
