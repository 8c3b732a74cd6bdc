"""Usage rows as sums need them, in plain SQL: an object per row would cost ten times as much."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection

from providers.usage.rollup.cells import ALONE, COUNTED, FAILED, FELL_BACK, LIMITED, MICRO, TOKENS, Row
from providers.usage.rollup.cubes import Scope

LIMITED_CODE = "upstream_rate_limited"
OWNER = "COALESCE(user_id, 0) = %s"
_KIND = f"""CASE WHEN success THEN 0 ELSE {FAILED} END
    + CASE WHEN usage_source = 'reported' THEN 0 ELSE {COUNTED} END
    + CASE WHEN used_fallback THEN {FELL_BACK} ELSE 0 END
    + CASE WHEN session_id = '' THEN {ALONE} ELSE 0 END
    + CASE WHEN error_code = '{LIMITED_CODE}' THEN {LIMITED} ELSE 0 END"""
_COLUMNS = f"""COALESCE(user_id, 0), provider, model, operation, {{service}}, {_KIND}, {{quarter}},
    actual_cost_usd, {", ".join(TOKENS)}, processing_time_ms, session_id"""
_DIALECTS = {
    "sqlite": {
        "service": "COALESCE(SUBSTR(json_extract(metadata, '$.service'), 1, 100), '')",
        "quarter": "CAST(strftime('%%s', SUBSTR(created_at, 1, 16)) AS INTEGER) / 900",
    },
    "postgresql": {
        "service": "COALESCE(LEFT(metadata ->> 'service', 100), '')",
        "quarter": "FLOOR(EXTRACT(EPOCH FROM created_at) / 900)::bigint",
    },
}
_FROM = "FROM providers_aiusagelog WHERE"
_TOKENS_AT, _TOKENS_END = 8, 8 + len(TOKENS)


@cache
def _select(vendor: str) -> str:
    return "SELECT " + _COLUMNS.format(**_DIALECTS[vendor])


def after(number: int, upto: int | None = None, user_id: int | None = None) -> list[Row]:
    """Rows with a higher number, up to `upto`; of one user where one is given."""
    where, values = ["number > %s"], [number]
    if upto is not None:
        where.append("number <= %s")
        values.append(upto)
    if user_id is not None:  # not as the column: its index would lead to all rows of the user
        where.append(OWNER)
        values.append(user_id)
    return list(_rows(" AND ".join(where), values))


def of_sessions(
    sessions: Sequence[str], user_id: int | None = None, span: tuple[datetime, datetime] | None = None
) -> list[Row]:
    """All rows of some sessions; of one user, and within a span of time, where they are given."""
    if not sessions:
        return []
    where, values = [f"session_id IN ({', '.join(['%s'] * len(sessions))})"], list[Any](sessions)
    if user_id is not None:
        where.append(OWNER)
        values.append(user_id)
    if span is not None:
        where.append("created_at >= %s AND created_at < %s")
        values += span
    return list(_rows(" AND ".join(where), values))


def money_of_sessions(
    scope: Scope, span: tuple[datetime, datetime], among: Sequence[str] | None = None
) -> dict[str, tuple[int, int]]:
    """session -> (calls, pico-dollars) of the scope's rows in a span of time; of some sessions, or of all."""
    if among is not None and not among:
        return {}
    # Some sessions are found by their own index: one of times, users or providers would lead to a year's rows.
    column = str if among is None else "COALESCE({0}, {0})".format
    where = [f"{column('created_at')} >= %s", f"{column('created_at')} < %s", "session_id <> ''"]
    values: list[Any] = [*span]
    if among is not None:
        where.append(f"session_id IN ({', '.join(['%s'] * len(among))})")
        values += among
    for name, value in scope.equal.items():
        if name == "user_id" and not value:
            where.append(f"{column(name)} IS NULL")
            continue
        where.append(f"{_DIALECTS[connection.vendor].get(name) or column(name)} = %s")
        values.append(value)
    if scope.bits:
        where.append(f"(({_KIND}) & %s) = %s")
        values += [scope.bits, scope.wanted]
    # In two parts: one sum of pico-dollars would overflow at $9.2 M.
    sql = f"""SELECT session_id, COUNT(*), SUM(actual_cost_usd / {MICRO}), SUM(actual_cost_usd %% {MICRO})
        {_FROM} {" AND ".join(where)} GROUP BY session_id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [_as_kept(value) for value in values])
        return {name: (calls, int(high) * MICRO + int(low)) for name, calls, high, low in cursor.fetchall()}


def _rows(where: str, values: list[Any]) -> Iterator[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_select(connection.vendor)} {_FROM} {where}", [_as_kept(value) for value in values])
        for line in cursor:
            head, tokens = line[:_TOKENS_AT], line[_TOKENS_AT:_TOKENS_END]
            yield Row(*head, tokens, line[_TOKENS_END], line[_TOKENS_END + 1])


def _as_kept(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
