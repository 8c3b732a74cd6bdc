"""Daily limits as they stood on days that are past: what holds now, and the audit log read backwards.

Of a day with several, the highest counts: up to it calls were admitted. Changes that no entry tells of (there were
none before the audit log, and a database has its own ways) are not known here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from providers.models import AIServiceConfig, AuditEntry, UserAICap
from providers.models.ledger import DEFAULT_COST_CAP_USD
from providers.money.caps_history import ACTIONS

DAY = timedelta(days=1)
COST, BUDGET = "daily_cost_cap_usd", "daily_cost_limit_usd"
TEMPORARY, UNTIL = "temporary_cost_cap_usd", "temporary_until"
Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """What was set from `since` up to `until`."""

    since: datetime
    until: datetime
    set: Settings


def daily_caps(user: AbstractBaseUser, days: Sequence[date]) -> list[Decimal]:
    """A user's cap in dollars on each of these UTC days, which follow each other. Two queries."""
    cap = UserAICap.objects.filter(user_id=user.pk).first()
    now = {
        COST: cap.daily_cost_cap_usd if cap else DEFAULT_COST_CAP_USD,
        TEMPORARY: cap.temporary_cost_cap_usd if cap else None,
        UNTIL: cap.temporary_until if cap else None,
    }
    entries = AuditEntry.objects.filter(action__in=ACTIONS, object_type="user", object_id=str(user.pk))
    return _by_day(days, now, entries, _caps_in)


def daily_budgets(config: AIServiceConfig, days: Sequence[date]) -> list[Decimal]:
    """The site's daily budget in dollars on each of these UTC days, which follow each other. One query."""
    entries = AuditEntry.objects.filter(action="policy.change", before__contains=BUDGET)
    return _by_day(days, {BUDGET: config.daily_cost_limit_usd}, entries, _budgets_in)


def _by_day(
    days: Sequence[date], now: Settings, entries: Any, amounts: Callable[[Held], Iterable[Decimal]]
) -> list[Decimal]:
    if not days:
        return []
    since, until = _midnight(days[0]), _midnight(days[-1] + DAY)
    later = entries.filter(outcome="done", at__gte=since).order_by("-number")
    changes = [(entry.at, entry.was) for entry in later.only("at", "before")]
    spans = backwards(now, changes, since, max([until, *(at for at, _ in changes)]))
    return [max(_on(day, spans, amounts)) for day in days]


def backwards(
    now: Settings, changes: Iterable[tuple[datetime, Mapping[str, Any]]], since: datetime, until: datetime
) -> list[Held]:
    """What was set between the changes, newest first. `changes`: (moment, what it was before), newest first."""
    found, end, current = [], until, now
    for at, before in changes:
        found.append(Held(at, end, current))
        end, current = at, current | {name: value for name, value in before.items() if name in current}
    return [*found, Held(since, end, current)]


def _on(day: date, spans: list[Held], amounts: Callable[[Held], Iterable[Decimal]]) -> list[Decimal]:
    begin, end = _midnight(day), _midnight(day + DAY)
    there = [one for one in spans if one.since < end and one.until > begin]
    parts = [Held(max(begin, one.since), min(end, one.until), one.set) for one in there]
    return [amount for part in parts for amount in amounts(part)]


def _caps_in(part: Held) -> list[Decimal]:
    """The temporary cap where it was in force, and the usual one where that was."""
    usual, temporary, until = Decimal(part.set[COST]), part.set[TEMPORARY], part.set[UNTIL]
    ends = datetime.fromisoformat(until) if isinstance(until, str) else until
    if temporary is None or ends is None or ends <= part.since:
        return [usual]
    return [Decimal(temporary)] if ends >= part.until else [Decimal(temporary), usual]


def _budgets_in(part: Held) -> list[Decimal]:
    return [Decimal(part.set[BUDGET])]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
