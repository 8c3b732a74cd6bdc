"""The proof that counters, rows and reservations agree: one statement, so one moment, on either database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import connection

from providers.fields import from_pico
from providers.models.ledger import AIUsageLog, CapDay, Reservation

OVERDUE = timedelta(seconds=60)  # a reaper comes by every 15 s

# Per user and day, and for the site as user 0: what the counters say, minus what rows and open reservations sum
# up to. Rows of a user who was deleted still count for the site.
_DIFFERENCES = """
    SELECT user_id, day, SUM(used_tokens), SUM(used_usd), SUM(reserved_tokens), SUM(reserved_usd) FROM (
        SELECT user_id, day, used_tokens, used_usd, reserved_tokens, reserved_usd FROM providers_capday
        UNION ALL
        SELECT user_id, cap_day, -SUM(total_tokens), -SUM(actual_cost_usd), 0, 0 FROM providers_aiusagelog
        WHERE user_id IN (SELECT id FROM {users}) GROUP BY user_id, cap_day
        UNION ALL
        SELECT user_id, day, 0, 0, -tokens_left, -usd_left FROM providers_reservation
        WHERE closed_at IS NULL AND user_id IN (SELECT id FROM {users})
        UNION ALL
        SELECT 0, day, 0, used_usd, 0, reserved_usd FROM providers_siteday
        UNION ALL
        SELECT 0, cap_day, 0, -SUM(actual_cost_usd), 0, 0 FROM providers_aiusagelog GROUP BY cap_day
        UNION ALL
        SELECT 0, day, 0, 0, 0, -usd_left FROM providers_reservation WHERE closed_at IS NULL
    ) AS sides GROUP BY user_id, day
    HAVING SUM(used_tokens) <> 0 OR SUM(used_usd) <> 0 OR SUM(reserved_tokens) <> 0 OR SUM(reserved_usd) <> 0
    ORDER BY user_id, day"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Counter minus sum: above zero the counter shows more than the rows prove."""

    user_id: int
    day: date
    used_tokens: int
    used_usd: Decimal
    reserved_tokens: int
    reserved_usd: Decimal

    def __str__(self) -> str:
        parts = {
            "used tokens": f"{self.used_tokens:+,}",
            "used USD": f"{self.used_usd.normalize():+f}",
            "reserved tokens": f"{self.reserved_tokens:+,}",
            "reserved USD": f"{self.reserved_usd.normalize():+f}",
        }
        wrong = ", ".join(f"{name} {value}" for name, value in parts.items() if value not in ("+0", "-0"))
        whose = f"user {self.user_id}" if self.user_id else "the site"
        return f"{whose}, {self.day}: counter differs from rows by {wrong}"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """`overdue`: open reservations whose lease ended over a minute ago."""

    rows: int
    days: int
    open_reservations: int
    differences: list[Difference]
    overdue: list[str]

    @property
    def clean(self) -> bool:
        return not self.differences and not self.overdue


def differences() -> list[Difference]:
    """What the counters show beside what rows and open reservations sum up to."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES.format(users=get_user_model()._meta.db_table))
        return [_difference(*row) for row in cursor.fetchall()]


def reconcile(now: datetime | None = None) -> Reconciliation:
    """Compares all counters with all rows, and looks for what should have been reaped."""
    now = now or datetime.now(UTC)
    found = differences()
    open_ones = Reservation.objects.filter(closed_at=None)
    late = open_ones.filter(expires_at__lt=now - OVERDUE).order_by("expires_at")[:100]
    return Reconciliation(
        rows=AIUsageLog.objects.count(),
        days=CapDay.objects.count(),
        open_reservations=open_ones.count(),
        differences=found,
        overdue=[
            f"reservation {r.id} of user {r.user_id} ran out at {r.expires_at:%Y-%m-%d %H:%M} UTC" for r in late
        ],
    )


def _difference(user_id: int, day: date | str, *figures: int) -> Difference:
    used_tokens, used_usd, reserved_tokens, reserved_usd = (int(figure) for figure in figures)
    return Difference(
        user_id,
        day if isinstance(day, date) else date.fromisoformat(day),
        used_tokens,
        from_pico(used_usd) or Decimal(0),
        reserved_tokens,
        from_pico(reserved_usd) or Decimal(0),
    )
