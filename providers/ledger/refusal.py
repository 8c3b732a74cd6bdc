"""Why a reservation is refused, in a sentence with what is left and when the cap resets; and the count of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from typing import ClassVar
from uuid import UUID

from providers.exceptions import BudgetExceeded
from providers.fields import from_pico
from providers.ledger.database import Database

REFUSED = """
    INSERT INTO providers_refusal (day, user_id, code, operation, times, last_at) VALUES (%s, %s, %s, %s, 1, %s)
    ON CONFLICT (day, user_id, code, operation) DO UPDATE
    SET times = providers_refusal.times + 1, last_at = excluded.last_at"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Caps and counters of one user and day. Money in pico-dollars."""

    token_cap: int
    usd_cap: int
    used_tokens: int
    used_usd: int
    reserved_tokens: int
    reserved_usd: int

    @property
    def left_tokens(self) -> int:
        return max(0, self.token_cap - self.used_tokens - self.reserved_tokens)

    @property
    def left_usd(self) -> int:
        return max(0, self.usd_cap - self.used_usd - self.reserved_usd)


def resets_at(now: datetime) -> datetime:
    """The next midnight UTC."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)


def refuse_over_cap(standing: Standing, *, tokens: int, usd: int, now: datetime) -> None:
    """Raises BudgetExceeded where a reservation of that size does not fit; a call that is free needs no money."""
    wait = resets_at(now) - now
    if standing.used_tokens + standing.reserved_tokens + tokens > standing.token_cap:
        figures = (
            f"{standing.left_tokens:,} of {standing.token_cap:,} tokens are left{_held(standing.reserved_tokens)} "
            f"and this needs up to {tokens:,}"
        )
        raise refusal("Daily token cap exceeded", "daily_token_cap", figures, wait)
    if usd and standing.used_usd + standing.reserved_usd + usd > standing.usd_cap:
        left, cap = dollars(standing.left_usd, ROUND_DOWN), dollars(standing.usd_cap, ROUND_DOWN)
        figures = (
            f"{left} of {cap} are left{_held(standing.reserved_usd)} "
            f"and this can cost up to {dollars(usd, ROUND_CEILING)}"
        )
        raise refusal("Daily cost cap exceeded", "daily_cost_cap", figures, wait)


def refusal(reason: str, code: str, figures: str, wait: timedelta, what: str = "cap") -> BudgetExceeded:
    hours, minutes = divmod(int(wait.total_seconds()) // 60, 60)
    span = f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"
    message = f"{reason}. {figures}; the {what} resets at 00:00 UTC, in {span}."
    return BudgetExceeded(message, code=code, retry_after=wait.total_seconds())


def _held(reserved: int) -> str:
    return " beside what running calls hold" if reserved else ""


def dollars(pico: int, rounding: str) -> str:
    """Four decimals: what is left is rounded down, what is needed up."""
    return f"${(from_pico(pico) or Decimal(0)).quantize(Decimal('0.0001'), rounding):,f}"


@dataclass(slots=True)
class Refused:
    """Counts what was refused, in the transaction that refuses it: it leaves no other trace."""

    admits: ClassVar[bool] = False
    user_id: int
    code: str
    operation: str
    now: datetime
    reservation: UUID | None = None

    def run(self, database: Database) -> None:
        now = self.now.astimezone(UTC)
        database.execute(REFUSED, [now.date(), self.user_id, self.code[:40], self.operation[:60], now])
