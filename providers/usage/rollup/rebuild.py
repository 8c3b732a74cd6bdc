"""All sums made anew from the ledger, beside those that pages read, and compared before they take over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from providers.models.rollup import UsageGeneration, UsageKey, UsageQuarters, UsageTime
from providers.usage.rollup import store
from providers.usage.rollup.reading import snapshot
from providers.usage.rollup.roller import Roller, current

BATCH = 50_000
MOST_NAMED = 100
_COLUMNS = ", ".join(f"k.{name}" for name in store.KEY_COLUMNS)
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`differences` are sentences, at most MOST_NAMED; empty where the old sums were equal to the ledger."""

    rows: int
    differences: list[str]


def rebuild(*, keep: bool = True, batch: int = BATCH, told: Told | None = None) -> Rebuilt:
    """Makes new sums and names what differs in the old ones. With `keep` the new ones take their place, else they
    are dropped. Pages are served all the while. `told` is called with (rows done, rows in all)."""
    forget_unfinished()
    old = current().pk
    new = 1 + (UsageGeneration.objects.aggregate(most=Max("pk"))["most"] or 0)
    UsageGeneration.objects.create(pk=new)
    differences = _level(Roller(new, batch), old, told)
    rows = UsageGeneration.objects.values_list("watermark", flat=True).get(pk=new)
    if keep:
        with transaction.atomic():
            UsageGeneration.objects.filter(pk=old).update(current=False)
            UsageGeneration.objects.filter(pk=new).update(current=True)
    store.drop(old if keep else new)
    return Rebuilt(rows, differences)


def forget_unfinished() -> None:
    """What a rebuild that was ended half-way left behind."""
    for pk in UsageGeneration.objects.filter(current=False).values_list("pk", flat=True):
        if current().pk != pk:
            store.drop(pk)


def _level(roller: Roller, old: int, told: Told | None) -> list[str]:
    """Brings the new sums to where the old ones stand, which go on meanwhile, and compares both there."""
    while True:
        target = UsageGeneration.objects.values_list("watermark", flat=True).get(pk=old)
        while (added := roller.step(target)) is not None:
            if told and added:
                told(UsageGeneration.objects.values_list("watermark", flat=True).get(pk=roller.generation), target)
        with snapshot():
            if UsageGeneration.objects.values_list("watermark", flat=True).get(pk=old) == target:
                return differences(old, roller.generation)


def differences(old: int, new: int) -> list[str]:
    """What the old sums of each key and day say otherwise than the new ones."""
    found = _unequal_times(old, new)
    for span, line in _unequal(old, new):
        day, *key, before, after = line
        named = dict(zip(store.KEY_COLUMNS, key, strict=True))
        what = " ".join(f"{name} {value}" for name, value in named.items() if value or name in ("cube", "kind"))
        date = store.EPOCH + timedelta(days=day)
        found.append(f"{date} ({span}), {what}: {before} calls kept, {after} in the ledger")
        if len(found) >= MOST_NAMED:
            break
    return found


def _unequal_times(old: int, new: int) -> list[str]:
    if not UsageGeneration.objects.get(pk=old).series:
        return []
    kept, true = (
        dict(UsageTime.objects.filter(generation=one).values_list("provider", "ms")) for one in (old, new)
    )
    return [
        f"time of calls, provider {name}: {kept.get(name, 0)} ms kept, {true.get(name, 0)} in the ledger"
        for name in sorted({*kept, *true})
        if kept.get(name, 0) != true.get(name, 0)
    ]


def _unequal(old: int, new: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Lines of (day, key's columns, calls before, calls after) of sums that are not the same in every column."""
    complete = UsageGeneration.objects.get(pk=old).series
    tables = {"up to its end": store.TOTAL_TABLE}
    if complete:
        tables["all kinds up to its end"] = store.SPEND_TABLE
    for span, table in tables.items():
        columns = store.COLUMNS[table]
        moved = ", ".join(f"{{sign}} * d.{name} AS {name}" for name in columns)
        # Money is one figure in two columns, and how it is split between them depends on the batches.
        parts = [f"SUM({name}) <> 0" for name in columns if not name.startswith("spend_")]
        parts.append("SUM(spend_high) * 1000000 + SUM(spend_low) <> 0")
        yield from ((span, line) for line in _compared(table, "d.calls", moved, " OR ".join(parts), old, new))
    if complete:
        same = ("d.calls", "d.spend_high", "d.spend_low", _hex("d.running"))
        yield from (("series", line) for line in _alike(store.SERIES_TABLE, same, "d.calls", old, new))
    same = tuple(map(_hex, ("d.running", "d.tokens", "d.times")))
    yield from (("quarters", line) for line in _alike(UsageQuarters._meta.db_table, same, "1", old, new))


def _hex(column: str) -> str:
    return f"HEX({column})" if connection.vendor == "sqlite" else f"ENCODE({column}, 'hex')"


def _alike(table: str, same: tuple[str, ...], calls: str, old: int, new: int) -> Iterator[tuple[Any, ...]]:
    """As `_unequal`, of rows in which each of these must be the same."""
    moved = ", ".join(f"{one} AS same_{n}" for n, one in enumerate(same))
    unlike = " OR ".join(f"MIN(same_{n}) <> MAX(same_{n})" for n in range(len(same)))
    yield from _compared(table, calls, moved, f"COUNT(*) <> 2 OR {unlike}", old, new)


def _compared(table: str, calls: str, moved: str, unlike: str, old: int, new: int) -> Iterator[tuple[Any, ...]]:
    sides = [
        f"SELECT d.day, {_COLUMNS}, {before} AS before, {after} AS after, {moved.format(sign=sign)}"  # noqa: S608
        f" FROM {UsageKey._meta.db_table} AS k JOIN {table} AS d ON d.key_id = k.id"
        f" WHERE k.generation = {generation:d}"
        for generation, sign, before, after in ((old, 1, calls, 0), (new, -1, 0, calls))
    ]
    names = ", ".join(("day", *store.KEY_COLUMNS))
    sql = (
        f"SELECT {names}, SUM(before), SUM(after) FROM ({' UNION ALL '.join(sides)}) AS s"  # noqa: S608
        f" GROUP BY {names} HAVING {unlike} ORDER BY {names}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while part := cursor.fetchmany(MOST_NAMED):
            yield from part
