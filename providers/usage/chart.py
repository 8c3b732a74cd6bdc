"""The usage chart: a summary's days as the description that `providers.charts` draws."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.safestring import mark_safe

from providers import charts
from providers.format import count, money

WIDE, NARROW, NARROW_DAYS, NARROW_LABELS = (984, 270), (326, 200), 14, 4


def chart_of(summary: dict[str, Any], urls: list[str], limit: charts.Limit | None) -> charts.Chart:
    """`urls` are the calls of each day, in order; `limit` is a daily cap or budget."""
    bars = tuple(_bar(day, url) for day, url in zip(summary["days"], urls, strict=True))
    series = tuple((entry["label"], entry["slot"]) for entry in summary["series"])
    return charts.Chart("Spend per day (UTC)", series, bars, limit)


def drawn(summary: dict[str, Any], chart: charts.Chart) -> dict[str, Any]:
    """Both SVGs (every text in them is escaped where they are drawn) and both figures for Plotly."""
    narrow = chart.last(NARROW_DAYS)
    totals = [f"{money(day['spend_usd'])}, {calls(day['calls'])}" for day in summary["days"]]
    amounts = [[money(part) for part in day["series"]] for day in summary["days"]]
    return {
        "wide": mark_safe(charts.svg(chart, *WIDE)),  # noqa: S308  escaped in charts.svg
        "narrow": mark_safe(charts.svg(narrow, *NARROW, NARROW_LABELS)),  # noqa: S308  escaped in charts.svg
        "figures": {
            "wide": charts.figure(chart, amounts, totals, WIDE[0]),
            "narrow": charts.figure(
                narrow, amounts[-NARROW_DAYS:], totals[-NARROW_DAYS:], NARROW[0], NARROW_LABELS
            ),
        },
    }


def _bar(day: dict[str, Any], url: str) -> charts.Bar:
    name = day_name(day["day"])
    title = f"{name}{', today so far' if day['today'] else ''}: {money(day['spend_usd'])}, {calls(day['calls'])}"
    parts = tuple(Decimal(part) for part in day["series"])
    return charts.Bar(day["day"], "today" if day["today"] else name, title, url, parts, day["today"])


def day_name(day: str) -> str:
    """`Nov 12`."""
    found = date.fromisoformat(day)
    return f"{found:%b} {found.day}"


def calls(number: int) -> str:
    return "1 call" if number == 1 else f"{count(number)} calls"
