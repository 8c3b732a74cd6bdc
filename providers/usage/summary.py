"""What was spent, on what: the one dict behind the usage page, its JSON twin and its chart.

Money is exact text in US dollars, shares are percent as text with two decimals, times are milliseconds.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from providers.money import refusals
from providers.usage import projection, sessions, sums
from providers.usage.names import Names
from providers.usage.question import Question
from providers.usage.rollup.days import Day
from providers.usage.rollup.reading import Group, Kinds, Reading, Scope, snapshot
from providers.usage.scope import scope_of, sees_everyone
from providers.usage.sums import usd

SERIES = 7
OTHER = "other"
Figures = dict[str, Any]
Daily = list[Day]


def summary(viewer: Any, question: Question) -> dict[str, Any]:
    """All figures of the question. Errors: NotFound, InvalidInput of `scope.scope_of`."""
    scope = scope_of(viewer, question)
    with snapshot():
        found = _summary(Reading(scope), viewer, question)
        return {**found, "refused": _refused(scope, question)}


def _refused(scope: Scope, question: Question) -> int | None:
    """Calls and deliberations that no cap or budget had room for, by UTC day; None where a filter asks for what a
    call that was never made has not."""
    if set(question.filters) - {"user", "operation"}:
        return None
    users = None if scope.user_id is None else [scope.user_id]
    return refusals.total(question.first, question.last, users, question.operation)


def _summary(reading: Reading, viewer: Any, question: Question) -> dict[str, Any]:
    days = question.boundaries()
    shown, count, whole, series = _grouped(reading, question.group, days)
    found = [(key, sums.figures(kinds)) for key, kinds in shown]
    names = Names(question.group, [key for key, _ in found])
    groups = _groups(found, names, whole)
    every = reading.daily(days).get((), [Day()] * question.days)
    legend = _legend(groups, count, whole, found)
    month = question.this_month()
    return {
        "range": question.as_dict(),
        "group": question.group,
        "filters": question.filters,
        "whose": "everyone" if sees_everyone(viewer) else "own",
        "totals": _answer(whole),
        "before": _before(reading, question, whole["pico"]),
        "month": _month(reading, question),
        "projection": projection.of_month(reading, month),
        "groups": groups,
        "other": _other(whole, found, count),
        "series": legend,
        "days": _days(question, every, [series.get(key, []) for key, _ in found[:SERIES]], len(legend)),
    }


def _grouped(
    reading: Reading, group: str, days: list[int]
) -> tuple[list[tuple[Group, Kinds]], int | None, Figures, dict[Group, Daily]]:
    """The named groups, how many there are (None: not counted), the sum of all, and the days of the first."""
    if group == "session":
        shown, count, rows = sessions.dearest(reading, days)
        whole = sums.figures(reading.total(days[0], days[-1]))
        return shown, count, whole, sessions.daily(rows, [key for key, _ in shown[:SERIES]], reading, days)
    columns, span = sums.COLUMNS[group], (days[0], days[-1])
    ranked = reading.money(columns, *span)
    named = sums.ordered(ranked)[: sums.SHOWN]
    if not named:
        return [], 0, sums.figures({}), {}
    found = reading.groups(columns, *span, only=named)
    every = sums.merge(found.values()) if len(named) == len(ranked) else reading.total(*span)
    series = reading.daily(days, columns, named[:SERIES])
    return [(key, found[key]) for key in named], len(ranked), sums.figures(every), series


def _answer(figures: Figures) -> Figures:
    """Money as text, shares in percent; the whole pico-dollars stay behind."""
    shown = {name: value for name, value in figures.items() if not name.endswith("pico") and name != "times"}
    return {
        "spend_usd": usd(figures["pico"]),
        "estimated_usd": usd(figures["estimated_pico"]),
        **shown,
        "failed_percent": percent(figures["failed"], figures["calls"]),
        "limited_percent": percent(figures["limited"], figures["calls"]),
        "fallback_percent": percent(figures["fallbacks"], figures["calls"]),
        "cached_percent": percent(figures["cached_input_tokens"], figures["input_tokens"]),
        **sums.latencies(figures["times"]),
    }


def percent(part: int, whole: int) -> str | None:
    """Two decimals as text; None where there is no whole."""
    if not whole:
        return None
    return str((Decimal(part) * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _groups(found: list[tuple[Group, Figures]], names: Names, whole: Figures) -> list[Figures]:
    return [
        {
            **names.of(key, place < SERIES),
            **_answer(figures),
            "share_percent": percent(figures["pico"], whole["pico"]),
        }
        for place, (key, figures) in enumerate(found)
    ]


def _other(whole: Figures, found: list[tuple[Group, Figures]], count: int | None) -> Figures | None:
    """Groups beyond the named ones, as one line; None where all are named. `groups` None: not counted."""
    if count is not None and count <= len(found):
        return None
    rest = {name: value - sum(f[name] for _, f in found) for name, value in whole.items() if name != "times"}
    times = {at: n - sum(f["times"].get(at, 0) for _, f in found) for at, n in whole["times"].items()}
    if count is None and not rest["calls"]:
        return None
    left = None if count is None else count - len(found)
    return {
        "groups": left,
        **_answer({**rest, "times": times}),
        "share_percent": percent(rest["pico"], whole["pico"]),
    }


def _legend(
    groups: list[Figures], count: int | None, whole: Figures, found: list[tuple[Group, Figures]]
) -> list[Figures]:
    """The series of the chart: the first groups, and all others as one."""
    named = [{name: g[name] for name in ("key", "label", "slot", "spend_usd")} for g in groups[:SERIES]]
    rest = whole["pico"] - sum(figures["pico"] for _, figures in found[:SERIES])
    if (count is not None and count <= len(named)) or (count is None and not rest):
        return named
    label = "Other" if count is None else f"Other, {count - len(named)}"
    return [*named, {"key": OTHER, "label": label, "slot": 0, "spend_usd": usd(rest)}]


def _days(question: Question, every: Daily, series: list[Daily], width: int) -> list[Figures]:
    """Every day of the range, empty ones too; `series` are dollars in the order of the legend."""
    lines = []
    for n, whole in enumerate(every):
        parts = [of_group[n].pico if of_group else 0 for of_group in series]
        if width > len(parts):
            parts.append(whole.pico - sum(parts))
        lines.append(_day(question.first + timedelta(days=n), question.today, whole, parts))
    return lines


def _day(day: date, today: date, whole: Day, parts: list[int]) -> Figures:
    return {
        "day": day.isoformat(),
        "today": day == today,
        "spend_usd": usd(whole.pico),
        "calls": whole.calls,
        "failed": whole.failed,
        "series": [usd(part) for part in parts],
    }


def _before(reading: Reading, question: Question, pico: int) -> Figures:
    earlier = question.before()
    spent = reading.whole(*earlier.span()).pico
    return {
        "from": earlier.first.isoformat(),
        "to": earlier.last.isoformat(),
        "spend_usd": usd(spent),
        "change_percent": percent(pico - spent, spent),
    }


def _month(reading: Reading, question: Question) -> Figures:
    """The calendar month that today is in, and the whole one before it; same filters, any range."""
    now, last = question.this_month(), question.last_month()
    return {
        "label": f"{question.today:%B}",
        "spend_usd": usd(reading.whole(*now.span()).pico),
        "last_label": f"{last.last:%B}",
        "last_usd": usd(reading.whole(*last.span()).pico),
    }
