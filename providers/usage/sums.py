"""Sums over rows, made in the database: exact money, UTC days, groups, percentiles.

Every query here is bounded: by the days of a question (366), by SHOWN groups, or by both.
"""

from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateField,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from providers.fields import from_pico

PICO_SPLIT = 10**6
SHOWN = 50  # groups that a table names; what is left is summed as "other"
REST = -1
COLUMNS = {
    "provider": ("provider",),
    "model": ("provider", "model"),
    "user": ("user_id",),
    "operation": ("operation",),
    "session": ("session_id",),
}


class UtcDay(Func):
    """The UTC day of a moment, without a Python call per row (which Django's TruncDay costs on SQLite)."""

    output_field = DateField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, 10)", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(%(expressions)s AT TIME ZONE 'UTC')::date"
        return self.as_sql(compiler, connection, template=template, **extra)


class _Whole(Func):
    """Integer arithmetic on a money column, as the database does it."""

    output_field = BigIntegerField()


def _spend(name: str, only: Q | None = None) -> dict[str, Any]:
    """Two sums, of whole micro-dollars and of the rest: one sum of pico-dollars overflows 64 bits at $9.2 M."""
    column = F("actual_cost_usd")
    micro = f"%(expressions)s / {PICO_SPLIT}"
    high = _Whole(column, template=f"({micro})")
    low = _Whole(column, template=f"(%(expressions)s - {micro} * {PICO_SPLIT})")
    return {f"{name}_high": Sum(high, filter=only, default=0), f"{name}_low": Sum(low, filter=only, default=0)}


def _columns() -> dict[str, Any]:
    tokens = ("input_tokens", "output_tokens", "total_tokens", "cached_input_tokens")
    return {
        **_spend("spend"),
        **_spend("estimated", ~Q(usage_source="reported")),
        "calls": Count("*"),
        "failed": Count(Value(1), filter=Q(success=False)),
        "fallbacks": Count(Value(1), filter=Q(used_fallback=True)),
        **{f"sum_{name}": Sum(name, default=0) for name in tokens},
    }


def usd(pico: int) -> str:
    """Exact dollars as text, at least two decimals: `12.07`, `0.000098125`."""
    whole, _, rest = format(from_pico(pico) or Decimal(0), ".12f").partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def _pico(row: dict[str, Any], name: str) -> int:
    return int(row[f"{name}_high"]) * PICO_SPLIT + int(row[f"{name}_low"])


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """One row of sums as plain values. `pico` is for adding up here and is dropped before an answer."""
    calls, tokens_in = int(row["calls"]), int(row["sum_input_tokens"])
    cached = int(row["sum_cached_input_tokens"])
    return {
        "pico": _pico(row, "spend"),
        "estimated_pico": _pico(row, "estimated"),
        "calls": calls,
        "failed": int(row["failed"]),
        "fallbacks": int(row["fallbacks"]),
        "input_tokens": tokens_in,
        "output_tokens": int(row["sum_output_tokens"]),
        "total_tokens": int(row["sum_total_tokens"]),
        "cached_input_tokens": cached,
    }


def add(many: list[dict[str, Any]]) -> dict[str, Any]:
    names = figures(dict.fromkeys(_columns(), 0))
    return {name: sum(one[name] for one in many) for name in names}


def less(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    return {name: value - part[name] for name, value in whole.items()}


def total(rows: QuerySet) -> dict[str, Any]:
    return figures(rows.aggregate(**_columns()))


def spend(rows: QuerySet) -> int:
    """Pico-dollars."""
    return _pico(rows.aggregate(**_spend("spend")), "spend")


def by_group(rows: QuerySet, group: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The SHOWN groups with most spend, then most calls: (key, figures)."""
    columns = COLUMNS[group]
    found = rows.values(*columns).annotate(**_columns())
    ordered = found.order_by(*(f"-{name}" for name in ("spend_high", "spend_low", "calls")), *columns)[:SHOWN]
    return [(tuple(row[c] for c in columns), figures(row)) for row in ordered]


def count_groups(rows: QuerySet, group: str) -> int:
    return rows.values(*COLUMNS[group]).distinct().count()


def by_day(rows: QuerySet, group: str, keys: list[tuple[Any, ...]]) -> dict[date, dict[int, dict[str, Any]]]:
    """Per day: index of the key in `keys` -> figures; all other groups together are REST."""
    cases = [When(is_group(group, key), then=Value(n)) for n, key in enumerate(keys)]
    place = Case(*cases, default=Value(REST), output_field=IntegerField())
    marked = rows.annotate(day=UtcDay("created_at"), place=place).values("day", "place")
    found: dict[date, dict[int, dict[str, Any]]] = {}
    for row in marked.annotate(**_columns()).order_by("day", "place"):
        found.setdefault(row["day"], {})[row["place"]] = figures(row)
    return found


def is_group(group: str, key: tuple[Any, ...]) -> Q:
    return Q(**dict(zip(COLUMNS[group], key, strict=True)))


def p95_by_group(rows: QuerySet, group: str) -> dict[tuple[Any, ...], int]:
    """Milliseconds that 95 % of a group's calls took at most (nearest rank), counted in the database."""
    columns = [F(name) for name in COLUMNS[group]]
    ranked = rows.annotate(
        rank=Window(RowNumber(), partition_by=columns, order_by=F("processing_time_ms").asc()),
        size=Window(Count("*"), partition_by=columns),
    )
    # ceil(0.95 n) in whole numbers
    chosen = ranked.filter(rank=(F("size") * 95 + 99) / 100)
    return {tuple(row[:-1]): row[-1] for row in chosen.values_list(*COLUMNS[group], "processing_time_ms")}


def p95(rows: QuerySet, calls: int) -> int | None:
    """Milliseconds; None where there are no calls."""
    if not calls:
        return None
    place = ceil(calls * 95 / 100) - 1
    return rows.order_by("processing_time_ms").values_list("processing_time_ms", flat=True)[place]
