"""The site's own limits, inside the ledger's transactions: one row of counters per UTC day.

Every writer of these rows holds the site's lock (`database.lock_users`), so what is read here stands until the
transaction ends; the month is the sum of at most 31 rows. Money is in pico-dollars.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_CEILING, ROUND_DOWN

from providers.exceptions import AIDisabled, BudgetExceeded
from providers.fields import to_pico
from providers.ledger.database import Database
from providers.ledger.refusal import dollars, refusal, resets_at
from providers.models.config import DAILY_LIMIT_USD, MONTHLY_LIMIT_USD

DAILY_PICO, MONTHLY_PICO = to_pico(DAILY_LIMIT_USD), to_pico(MONTHLY_LIMIT_USD)
ADD = """
    INSERT INTO providers_siteday (day, used_usd, reserved_usd) VALUES (%s, %s, %s)
    ON CONFLICT (day) DO UPDATE SET used_usd = providers_siteday.used_usd + excluded.used_usd,
        reserved_usd = providers_siteday.reserved_usd + excluded.reserved_usd"""
STANDING = """
    SELECT c.is_enabled, c.pause_on_budget_exceeded, c.daily_cost_limit_usd, c.monthly_cost_limit_usd,
           s.today, s.month
    FROM (SELECT COALESCE(SUM(used_usd + reserved_usd), 0) AS month,
                 COALESCE(SUM(CASE WHEN day = %s THEN used_usd + reserved_usd ELSE 0 END), 0) AS today
          FROM providers_siteday WHERE day >= %s AND day < %s) AS s
    LEFT JOIN providers_aiserviceconfig AS c ON c.id = 1"""


@dataclass(frozen=True, slots=True)
class _Limit:
    name: str
    most: int
    taken: int
    resets: datetime


def add(database: Database, day: date, used: int, reserved: int) -> None:
    """Moves the site's counters of that day: once for all jobs of the transaction, right before its commit."""
    moved = _moved(database)
    before = moved.get(day, (0, 0))
    moved[day] = before[0] + used, before[1] + reserved


def _moved(database: Database) -> dict[date, tuple[int, int]]:
    """Day -> (used, reserved) that this transaction adds and the table doesn't have yet."""
    if "moved" not in database.noted:
        database.noted["moved"] = {}
        database.last.append(_write)
    return database.noted["moved"]


def _write(database: Database) -> None:
    for day, (used, reserved) in _moved(database).items():
        if used or reserved:
            database.execute(ADD, [day, used, reserved])


def month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def check(database: Database, usd: int, now: datetime) -> str:
    """Whether the site has room for a call of up to `usd`. A call that is free needs none.

    Returns a warning where a limit is passed and the site goes on. Errors: AIDisabled, BudgetExceeded.
    """
    day = now.astimezone(UTC).date()
    first, after = day.replace(day=1), month_after(day)
    if day not in database.noted:
        database.noted[day] = database.one(STANDING, [day, first, after])
    enabled, pause, daily, monthly, today, month = database.noted[day] or (None, None, None, None, 0, 0)
    for moved_day, moved in _moved(database).items():
        today += sum(moved) if moved_day == day else 0
        month += sum(moved) if first <= moved_day < after else 0
    if enabled is not None and not enabled:
        raise AIDisabled
    most_today, most_month = _or(daily, DAILY_PICO), _or(monthly, MONTHLY_PICO)
    if not usd or (today + usd <= most_today and month + usd <= most_month):
        return ""
    if today + usd > most_today:
        passed = _Limit("daily", most_today, int(today), resets_at(now))
    else:
        passed = _Limit("monthly", most_month, int(month), datetime.combine(after, time(), UTC))
    problem = _refused(passed, usd, now)
    if pause is None or pause:
        raise problem
    return problem.message


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _refused(limit: _Limit, usd: int, now: datetime) -> BudgetExceeded:
    left, most = dollars(max(0, limit.most - limit.taken), ROUND_DOWN), dollars(limit.most, ROUND_DOWN)
    figures = f"{left} of {most} are left and this can cost up to {dollars(usd, ROUND_CEILING)}"
    reason, code = f"Site's {limit.name} limit reached", f"{limit.name}_cost_limit"
    return refusal(reason, code, figures, limit.resets - now, what="limit")
