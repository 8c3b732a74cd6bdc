"""The tables of sums: finding keys, adding to days and months, replacing packed quarters. Plain SQL, two dialects.

What is added here must stand in one transaction with the move of the watermark (`roller`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection

from providers.models import rollup
from providers.usage.rollup.cells import (
    MICRO,
    QUARTERS,
    TOKENS,
    Cell,
    Packed,
    Quarters,
    Series,
    pack,
    pack_series,
    to_columns,
    unpack,
    unpack_series,
)
from providers.usage.rollup.cubes import Key

EPOCH = date(1970, 1, 1)
AT_ONCE = 500
LASTING = QUARTERS  # a session over more quarters than this may span a whole range of days
SUMS = ("calls", "spend_high", "spend_low", *TOKENS, *rollup.PACKED_NAMES)
KEY_COLUMNS = ("cube", "user_id", "provider", "model", "operation", "service", "kind")
DAY_TABLE, MONTH_TABLE = rollup.UsageDay._meta.db_table, rollup.UsageMonth._meta.db_table
SERIES_TABLE = rollup.UsageSeries._meta.db_table
_KEYS, _QUARTERS = rollup.UsageKey._meta.db_table, rollup.UsageQuarters._meta.db_table
_SESSIONS = rollup.UsageSession._meta.db_table


def day_number(day: date) -> int:
    return (day - EPOCH).days


def month_of(day: int) -> int:
    """The first day of the UTC month that a day is in."""
    return day_number((EPOCH + timedelta(days=day)).replace(day=1))


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


def read_quarters(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Packed]:
    """(key, day) -> its quarters, of those that have any."""
    lines = _of(_QUARTERS, ("key_id", "day"), "t.running, t.tokens, t.times", places)
    return {(key, day): Packed(*map(bytes, packed)) for key, day, *packed in lines}


def write_quarters(packed: Mapping[tuple[int, int], Packed]) -> None:
    sql = f"""INSERT INTO {_QUARTERS} (key_id, day, running, tokens, times) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (key_id, day) DO UPDATE SET
        running = excluded.running, tokens = excluded.tokens, times = excluded.times"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(*place, *parts) for place, parts in packed.items()])


def read_series(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Series]:
    """(key, day) -> its quarters, of those that have any."""
    lines = _of(SERIES_TABLE, ("key_id", "day"), "t.running", places)
    return {(key, day): unpack_series(bytes(running)) for key, day, running in lines}


def write_series(series: Mapping[tuple[int, int], Series]) -> None:
    sql = f"""INSERT INTO {SERIES_TABLE} (key_id, day, calls, spend_high, spend_low, running)
        VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (key_id, day) DO UPDATE SET calls = excluded.calls,
        spend_high = excluded.spend_high, spend_low = excluded.spend_low, running = excluded.running"""  # noqa: S608
    lines = []
    for place, of_day in series.items():
        calls, pico = map(sum, zip(*of_day.values(), strict=True))
        lines.append((*place, calls, *divmod(pico, MICRO), pack_series(of_day)))
    with connection.cursor() as cursor:
        cursor.executemany(sql, lines)


def add_sums(table: str, cells: Mapping[tuple[int, int], Cell]) -> None:
    """(key, day) -> what comes to its sums."""
    moves = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in SUMS)
    marks = ", ".join(["%s"] * (2 + len(SUMS)))
    sql = f"""INSERT INTO {table} (key_id, day, {", ".join(SUMS)}) VALUES ({marks})
        ON CONFLICT (key_id, day) DO UPDATE SET {moves}"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(*place, *to_columns(cell)) for place, cell in cells.items()])


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
        for table in (rollup.UsageDay, rollup.UsageMonth, rollup.UsageQuarters, rollup.UsageSeries):
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


def next_month(day: int) -> int:
    """The first day of the UTC month after the one that a day is in."""
    return month_of(month_of(day) + 31)
