"""What was spent, on what: the one dict behind the usage page, its JSON twin and its chart.

Money is exact text in US dollars, shares are percent as text with one decimal, times are milliseconds.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import QuerySet

from providers.usage import sums
from providers.usage.names import Names
from providers.usage.question import Question
from providers.usage.scope import matching, sees_everyone
from providers.usage.sums import usd

SERIES = 7
OTHER = "other"
Figures = dict[str, Any]


def summary(viewer: Any, question: Question) -> dict[str, Any]:
    """All figures of the question. Errors: NotFound, InvalidInput of `scope.matching`."""
    rows = matching(viewer, question)
    found = sums.by_group(rows, question.group)
    days = sums.by_day(rows, question.group, [key for key, _ in found[:SERIES]])
    whole = sums.add([figures for parts in days.values() for figures in parts.values()])
    names = Names(question.group, [key for key, _ in found])
    count = len(found) if len(found) < sums.SHOWN else sums.count_groups(rows, question.group)
    groups = _groups(rows, question, found, names, whole)
    legend = _legend(found, groups, count, whole)
    return {
        "range": question.as_dict(),
        "group": question.group,
        "filters": question.filters,
        "whose": "everyone" if sees_everyone(viewer) else "own",
        "totals": {**_answer(whole), "p95_ms": sums.p95(rows, whole["calls"])},
        "before": _before(viewer, question, whole["pico"]),
        "month": _month(viewer, question),
        "groups": groups,
        "other": _other(whole, found, count),
        "series": legend,
        "days": _days(question, days, len(legend)),
    }


def _answer(figures: Figures) -> Figures:
    """Money as text, shares in percent; the whole pico-dollars stay behind."""
    shown = {name: value for name, value in figures.items() if not name.endswith("pico")}
    return {
        "spend_usd": usd(figures["pico"]),
        "estimated_usd": usd(figures["estimated_pico"]),
        **shown,
        "failed_percent": percent(figures["failed"], figures["calls"]),
        "fallback_percent": percent(figures["fallbacks"], figures["calls"]),
        "cached_percent": percent(figures["cached_input_tokens"], figures["input_tokens"]),
    }


def percent(part: int, whole: int) -> str | None:
    """Two decimals as text; None where there is no whole."""
    if not whole:
        return None
    return str((Decimal(part) * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _groups(
    rows: QuerySet, question: Question, found: list[tuple[Any, Figures]], names: Names, whole: Figures
) -> list[Figures]:
    p95 = sums.p95_by_group(rows, question.group) if found else {}
    return [
        {
            **names.of(key, place < SERIES),
            **_answer(figures),
            "share_percent": percent(figures["pico"], whole["pico"]),
            "p95_ms": p95.get(key),
        }
        for place, (key, figures) in enumerate(found)
    ]


def _other(whole: Figures, found: list[tuple[Any, Figures]], count: int) -> Figures | None:
    """Groups beyond the named ones, as one line; None where all are named."""
    if count <= len(found):
        return None
    rest = sums.less(whole, sums.add([figures for _, figures in found]))
    return {"groups": count - len(found), **_answer(rest), "share_percent": percent(rest["pico"], whole["pico"])}


def _legend(found: list[tuple[Any, Figures]], groups: list[Figures], count: int, whole: Figures) -> list[Figures]:
    """The series of the chart: the first groups, and all others as one."""
    named = [{name: g[name] for name in ("key", "label", "slot", "spend_usd")} for g in groups[:SERIES]]
    left = count - len(named)
    if left <= 0:
        return named
    rest = whole["pico"] - sum(figures["pico"] for _, figures in found[:SERIES])
    return [*named, {"key": OTHER, "label": f"Other, {left}", "slot": 0, "spend_usd": usd(rest)}]


def _days(question: Question, days: Mapping[Any, Mapping[int, Figures]], width: int) -> list[Figures]:
    """Every day of the range, empty ones too; `series` are dollars in the order of the legend."""
    return [_day(question.first + timedelta(days=n), question, days, width) for n in range(question.days)]


def _day(day: date, question: Question, days: Mapping[Any, Mapping[int, Figures]], width: int) -> Figures:
    parts = days.get(day, {})
    figures = sums.add(list(parts.values()))
    places = [place if place < SERIES else sums.REST for place in range(width)]
    return {
        "day": day.isoformat(),
        "today": day == question.today,
        "spend_usd": usd(figures["pico"]),
        "calls": figures["calls"],
        "failed": figures["failed"],
        "series": [usd(parts[place]["pico"] if place in parts else 0) for place in places],
    }


def _before(viewer: Any, question: Question, pico: int) -> Figures:
    earlier = question.before()
    spent = sums.spend(matching(viewer, earlier))
    change = percent(pico - spent, spent)
    return {
        "from": earlier.first.isoformat(),
        "to": earlier.last.isoformat(),
        "spend_usd": usd(spent),
        "change_percent": change,
    }


def _month(viewer: Any, question: Question) -> Figures:
    """The calendar month that today is in, and the whole one before it; same filters, any range."""
    now, last = question.this_month(), question.last_month()
    return {
        "label": f"{question.today:%B}",
        "spend_usd": usd(sums.spend(matching(viewer, now))),
        "last_label": f"{last.last:%B}",
        "last_usd": usd(sums.spend(matching(viewer, last))),
    }
