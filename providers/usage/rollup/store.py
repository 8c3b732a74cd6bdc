"""The tables of sums: finding keys, moving running totals on, replacing packed quarters. Plain SQL, two dialects.

What is added here must stand in one transaction with the move of the watermark (`roller`).
"""

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from django.db import connection

from providers.models import rollup
from providers.usage.rollup.cells import (
    QUARTERS,
    TOKENS,
    Cell,
    Packed,
    Quarters,
    Series,
    money_of,
    pack,
    pack_series,
    unpack,
    unpack_series,
)
from providers.usage.rollup.cubes import Key

Place = tuple[int, int]  # id of a key, day
EPOCH = date(1970, 1, 1)
AT_ONCE = 500
LASTING = QUARTERS  # a session over more quarters than this may span a whole range of days
MONEY = ("calls", "spend_high", "spend_low")
SUMS = (*MONEY, *TOKENS, *rollup.PACKED_NAMES)
KEY_COLUMNS = ("cube", "user_id", "provider", "model", "operation", "service", "kind")
TOTAL_TABLE, SPEND_TABLE = rollup.UsageTotal._meta.db_table, rollup.UsageSpend._meta.db_table
COLUMNS = {TOTAL_TABLE: SUMS, SPEND_TABLE: MONEY}
SERIES_TABLE = rollup.UsageSeries._meta.db_table
_KEYS, _QUARTERS = rollup.UsageKey._meta.db_table, rollup.UsageQuarters._meta.db_table
_SESSIONS = rollup.UsageSession._meta.db_table


def by_index(table: str) -> str:
    """Names the index that holds all of a running total that is money: SQLite would take the unique one, which
    leads to the table, a page for each row."""
    return "INDEXED BY usage_spend_all" if table == SPEND_TABLE and connection.vendor == "sqlite" else ""


def start_of_quarter(quarter: int) -> datetime:
    return datetime.fromtimestamp(quarter * 900, UTC)


def chunks(values: Iterable[Any], size: int = AT_ONCE) -> Iterator[list[Any]]:
    values = iter(values)
    while part := list(islice(values, size)):
        yield part


def find_keys(generation: int, wanted: Iterable[Key]) -> dict[Key, int]:
    """Ids of the keys that there are."""
    found: dict[Key, int] = {}
    names = ("generation", *KEY_COLUMNS)
    lines = _of(_KEYS, names, "t.id", ((generation, *key) for key in wanted))
    for _, *key, pk in lines:
        found[tuple(key)] = pk  # type: ignore[index]
    return found


def _of(
    table: str, names: Sequence[str], more: str, wanted: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[Any, ...]]:
    """Rows of which these columns have one of the wanted sets of values: those columns, then `more`.

    One by one from the index: with `IN (VALUES …)` SQLite reads the whole table, however large.
    """
    join = "CROSS JOIN" if connection.vendor == "sqlite" else "JOIN"
    equal = " AND ".join(f"t.{name} = w.{name}" for name in names)
    columns = ", ".join([*(f"t.{name}" for name in names), more])
    for part in chunks(wanted):
        marks = ", ".join([f"({', '.join(['%s'] * len(names))})"] * len(part))
        sql = f"""WITH w ({", ".join(names)}) AS (VALUES {marks})
            SELECT {columns} FROM w {join} {table} AS t ON {equal}"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [value for one in part for value in one])
            yield from cursor.fetchall()


def add_keys(generation: int, wanted: Iterable[Key]) -> None:
    """Adds those that there are not. A key without sums does no harm, so this needs no transaction with them."""
    columns = ", ".join(("generation", *KEY_COLUMNS))
    sql = f"INSERT INTO {_KEYS} ({columns}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(generation, *key) for key in wanted])


def read_quarters(places: Iterable[Place]) -> dict[Place, Packed]:
    """(key, day) -> its quarters, of those that have any."""
    lines = _of(_QUARTERS, ("key_id", "day"), "t.running, t.tokens, t.times", places)
    return {(key, day): Packed(*map(bytes, packed)) for key, day, *packed in lines}


def write_quarters(packed: Mapping[Place, Packed]) -> None:
    sql = f"""INSERT INTO {_QUARTERS} (key_id, day, running, tokens, times) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (key_id, day) DO UPDATE SET
        running = excluded.running, tokens = excluded.tokens, times = excluded.times"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(*place, *parts) for place, parts in packed.items()])


def read_series(places: Iterable[Place]) -> dict[Place, Series]:
    """(key, day) -> its quarters, of those that have any."""
    lines = _of(SERIES_TABLE, ("key_id", "day"), "t.running", places)
    return {(key, day): unpack_series(bytes(running)) for key, day, running in lines}


def write_series(series: Mapping[Place, Series]) -> None:
    sql = f"""INSERT INTO {SERIES_TABLE} (key_id, day, calls, spend_high, spend_low, running)
        VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (key_id, day) DO UPDATE SET calls = excluded.calls,
        spend_high = excluded.spend_high, spend_low = excluded.spend_low, running = excluded.running"""  # noqa: S608
    lines = [(*place, *money_of(of_day), pack_series(of_day)) for place, of_day in series.items()]
    with connection.cursor() as cursor:
        cursor.executemany(sql, lines)


def moved_on(table: str, more: Mapping[Place, Sequence[int]]) -> dict[Place, list[int]]:
    """The running totals that change, as they are once `more` has come to each (key, day): of that day, and of all
    later days of the key."""
    by_key: dict[int, dict[int, Sequence[int]]] = {}
    for (key, day), columns in more.items():
        by_key.setdefault(key, {})[day] = columns
    kept = _so_far(table, {key: min(days) for key, days in by_key.items()})
    found: dict[Place, list[int]] = {}
    for key, days in by_key.items():
        have, zero = kept.get(key, {}), [0] * len(COLUMNS[table])
        before, added = zero, zero  # days before the first change stay as they are
        for day in sorted({*have, *days}):
            before = have.get(day, before)
            if day in days:
                added = list(map(operator.add, added, days[day]))
            if added is not zero:
                found[key, day] = list(map(operator.add, before, added))
    return found


def _so_far(table: str, first: Mapping[int, int]) -> dict[int, dict[int, list[int]]]:
    """key -> day -> its running totals, from the last one up to a first day on."""
    columns = ", ".join(f"t.{name}" for name in COLUMNS[table])
    join = "CROSS JOIN" if connection.vendor == "sqlite" else "JOIN"
    found: dict[int, dict[int, list[int]]] = {}
    for part in chunks(first.items()):
        marks = ", ".join(["(%s, %s)"] * len(part))
        sql = f"""WITH w (key_id, first) AS (VALUES {marks}) SELECT t.key_id, t.day, {columns}
            FROM w {join} {table} AS t ON t.key_id = w.key_id AND t.day >= COALESCE(
            (SELECT MAX(b.day) FROM {table} AS b WHERE b.key_id = w.key_id AND b.day <= w.first), w.first)"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [value for one in part for value in one])
            for key, day, *line in cursor:
                found.setdefault(key, {})[day] = line
    return found


def write_so_far(table: str, totals: Mapping[Place, Sequence[int]]) -> None:
    columns = COLUMNS[table]
    moves = ", ".join(f"{name} = excluded.{name}" for name in columns)
    marks = ", ".join(["%s"] * (2 + len(columns)))
    sql = f"""INSERT INTO {table} (key_id, day, {", ".join(columns)}) VALUES ({marks})
        ON CONFLICT (key_id, day) DO UPDATE SET {moves}"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(*place, *line) for place, line in totals.items()])


def add_sessions(generation: int, lines: Sequence[tuple[Any, ...]]) -> None:
    """Lines of (session, user, first quarter, last quarter, calls, micro-dollars)."""
    least, most = ("MIN", "MAX") if connection.vendor == "sqlite" else ("LEAST", "GREATEST")
    t = _SESSIONS
    sql = f"""INSERT INTO {t} (generation, session_id, user_id, first, last, lasting, calls, spend_micro)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (generation, session_id, user_id) DO UPDATE SET
        first = {least}({t}.first, excluded.first), last = {most}({t}.last, excluded.last),
        lasting = {most}({t}.last, excluded.last) - {least}({t}.first, excluded.first) > {LASTING},
        calls = {t}.calls + excluded.calls, spend_micro = {t}.spend_micro + excluded.spend_micro"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(
            sql,
            [
                (generation, session, user, first, last, last - first > LASTING, calls, spend)
                for session, user, first, last, calls, spend in lines
            ],
        )


def add_times(generation: int, times: Mapping[str, int]) -> None:
    """Provider -> milliseconds that come to it."""
    t = rollup.UsageTime._meta.db_table
    sql = f"""INSERT INTO {t} (generation, provider, ms) VALUES (%s, %s, %s)
        ON CONFLICT (generation, provider) DO UPDATE SET ms = {t}.ms + excluded.ms"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(generation, *one) for one in times.items()])


def move_watermark(generation: int, before: int, after: int) -> bool:
    """False where another process moved it first: then nothing of this transaction may stand."""
    rows = rollup.UsageGeneration.objects.filter(pk=generation, watermark=before)
    return rows.update(watermark=after, rolled_at=datetime.now(UTC)) == 1


def drop(generation: int) -> None:
    """Forgets a generation in short transactions."""
    keys = rollup.UsageKey.objects.filter(generation=generation)
    while part := list(keys.values_list("pk", flat=True)[:AT_ONCE]):
        for table in (rollup.UsageTotal, rollup.UsageSpend, rollup.UsageQuarters, rollup.UsageSeries):
            table.objects.filter(key_id__in=part).delete()
        rollup.UsageKey.objects.filter(pk__in=part).delete()
    rollup.UsageTime.objects.filter(generation=generation).delete()
    sessions = rollup.UsageSession.objects.filter(generation=generation)
    while part := list(sessions.values_list("pk", flat=True)[: 10 * AT_ONCE]):
        rollup.UsageSession.objects.filter(pk__in=part).delete()
    rollup.UsageGeneration.objects.filter(pk=generation).delete()


def merged(before: Packed | None, quarters: Quarters) -> Packed:
    """What is kept of a day once these calls are in it too."""
    if before is None:
        return pack(quarters)
    together = unpack(before)
    for place, cell in quarters.items():
        together.setdefault(place, Cell()).add(cell)
    return pack(together)
