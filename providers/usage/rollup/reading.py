"""Answers from the sums, exact up to the last committed row.

Whole days are the running totals at the end of a range less those before it; what a day in another zone lacks or
has too much of comes from the packed quarters of the two days at its ends; rows above the watermark come from the
ledger and are added here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection

from providers.models.rollup import UsageGeneration, UsageKey, UsageQuarters, UsageTime
from providers.usage.rollup import source, store
from providers.usage.rollup.cells import (
    FAILED,
    MICRO,
    QUARTERS,
    TOGETHER,
    Cell,
    Packed,
    all_before,
    bin_of,
    counts,
    from_columns,
    milliseconds,
    money_before,
)
from providers.usage.rollup.cubes import Scope, cube_for
from providers.usage.rollup.days import Boundaries, Day, Days, Group

Kinds = dict[int, Cell]  # kind -> sums
STRIDE = 31  # days that are looked at together
_KEYS, _QUARTERS = UsageKey._meta.db_table, UsageQuarters._meta.db_table


class Money(NamedTuple):
    calls: int
    pico: int


@contextmanager
def snapshot() -> Iterator[None]:
    """Sums, watermark and ledger as they stood at one moment. Takes no lock; nothing inside may write."""
    if connection.in_atomic_block:
        yield
        return
    begin = "BEGIN" if connection.vendor == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


class Reading:
    """For one scope; to be used inside one `snapshot`."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._wholes: dict[tuple[int, int], Money] = {}
        found = UsageGeneration.objects.filter(current=True).order_by("-pk").first()
        self.generation, self.watermark = (found.pk, found.watermark) if found else (0, 0)
        self.series = found is not None and found.series and not scope.bits & ~FAILED
        if scope.session:
            self.generation = 0
            rows = source.of_sessions([scope.session], scope.user_id)
        else:
            rows = source.after(self.watermark, user_id=scope.user_id)
        self.rows = [row for row in rows if scope.takes(row)]

    def groups(
        self, dimensions: Sequence[str], start: int, end: int, *, only: Sequence[Group] = ()
    ) -> dict[Group, Kinds]:
        """Sums of the quarters from `start` up to `end`, by the values of some dimensions; `only` these groups."""
        found: dict[Group, Kinds] = {}
        for row in self.rows:
            if start <= row.quarter < end:
                group = tuple(getattr(row, name) for name in dimensions)
                if not only or group in only:
                    _cell(found, group, row.kind).count(row, bin_of(row.ms))
        if self.generation:
            where, span = self._where(dimensions, only), (start, end)
            for group, kind, line in self._between(store.TOTAL_TABLE, store.SUMS, dimensions, span, where):
                _cell(found, group, kind).add(from_columns(line))
            for place, sign in ((start, -1), (end, 1)):
                columns = "q.running, q.tokens, q.times"
                for group, kind, line in self._edge(_QUARTERS, columns, dimensions, place, where):
                    _cell(found, group, kind).add(all_before(Packed(*map(bytes, line)), place % QUARTERS), sign)
        return {group: kinds for group, kinds in found.items() if any(cell.calls for cell in kinds.values())}

    def money(self, dimensions: Sequence[str], start: int, end: int) -> dict[Group, Money]:
        """As `groups`, calls and money alone, of all kinds together: a small part of what there is to read."""
        found: dict[Group, Money] = {}
        for row in self.rows:
            if start <= row.quarter < end:
                _add(found, tuple(getattr(row, name) for name in dimensions), 1, row.pico)
        if self.generation:
            where, span = self._where(dimensions, series=self.series), (start, end)
            table = store.SPEND_TABLE if self.series else store.TOTAL_TABLE
            for group, _, (calls, high, low) in self._between(table, store.MONEY, dimensions, span, where):
                _add(found, group, int(calls), int(high) * MICRO + int(low))
            table = store.SERIES_TABLE if self.series else _QUARTERS
            for place, sign in ((start, -1), (end, 1)):
                for group, _, (running,) in self._edge(table, "q.running", dimensions, place, where):
                    calls, pico = money_before(bytes(running), place % QUARTERS)
                    _add(found, group, sign * calls, sign * pico)
        return {group: money for group, money in found.items() if money.calls}

    def total(self, start: int, end: int) -> Kinds:
        return self.groups((), start, end).get((), {})

    def whole(self, start: int, end: int) -> Money:
        """As `money` of all; the same span is read once."""
        if (start, end) not in self._wholes:
            self._wholes[start, end] = self.money((), start, end).get((), Money(0, 0))
        return self._wholes[start, end]

    def daily(
        self, boundaries: Boundaries, dimensions: Sequence[str] = (), only: Sequence[Group] = ()
    ) -> dict[Group, list[Day]]:
        """Each day's calls and money, for the groups in `only`, or without dimensions for all."""
        days, wanted = Days(boundaries), set(only)
        for row in self.rows:
            group = tuple(getattr(row, name) for name in dimensions)
            if boundaries[0] <= row.quarter < boundaries[-1] and (not dimensions or group in wanted):
                days.count(group, row)
        if self.generation and (only or not dimensions):
            if days.in_utc:
                days.add_totals(self._so_far(dimensions, only, *days.utc))
            else:
                days.add_packed(self._packed(dimensions, only, *days.utc))
        return days.found()

    def milliseconds(self) -> dict[str, int] | None:
        """Of all calls ever, by provider; None where the sums are from before these were kept."""
        if self.generation and not self.series:
            return None
        found = dict(UsageTime.objects.filter(generation=self.generation).values_list("provider", "ms"))
        for provider, more in milliseconds(self.rows).items():
            found[provider] = found.get(provider, 0) + more
        return found

    def quarters_down(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(quarter, calls in it) of quarters with calls, newest first; STRIDE days are read as they are asked
        for."""
        new: dict[int, int] = {}
        for row in self.rows:
            if start <= row.quarter < end:
                new[row.quarter] = new.get(row.quarter, 0) + 1
        for first in range((end - 1) // QUARTERS, start // QUARTERS - 1, -STRIDE):
            begin = max(first - STRIDE + 1, start // QUARTERS)
            found = {q: number for q, number in new.items() if begin <= q // QUARTERS <= first}
            for _, _, day, running in self._packed((), (), begin, first):
                for place, number in counts(running):
                    quarter = day * QUARTERS + place
                    found[quarter] = found.get(quarter, 0) + number
            yield from ((q, found[q]) for q in sorted(found, reverse=True) if start <= q < end)

    def _where(
        self, dimensions: Sequence[str], only: Sequence[Group] = (), *, series: bool = False
    ) -> tuple[str, list[Any]]:
        """The condition on keys, and its values; `series`: on those of `UsageSeries`."""
        cube = cube_for({*dimensions, *self.scope.equal})
        parts = ["k.generation = %s", "k.cube = %s", f"k.kind {'>=' if series else '<'} {TOGETHER}"]
        values: list[Any] = [self.generation, cube]
        for name, value in self.scope.equal.items():
            parts.append(f"k.{name} = %s")
            values.append(value)
        if self.scope.bits:
            parts.append("(k.kind & %s) = %s")
            values += [self.scope.bits, self.scope.wanted]
        if only and dimensions:
            mark = f"({', '.join(['%s'] * len(dimensions))})"
            names = ", ".join(f"k.{name}" for name in dimensions)
            parts.append(f"({names}) IN (VALUES {', '.join([mark] * len(only))})")
            values += [value for group in only for value in group]
        return " AND ".join(parts), values

    def _read(self, dimensions: Sequence[str], columns: str, rest: str, values: list[Any]) -> Iterator[Any]:
        """Lines as (group, kind, the other columns)."""
        width = len(dimensions)
        names = "".join(f"k.{name}, " for name in dimensions)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {names}k.kind, {columns} FROM {_KEYS} AS k {rest}", values)  # noqa: S608
            for line in cursor.fetchall():
                yield tuple(line[:width]), line[width], line[width + 1 :]

    def _between(
        self,
        table: str,
        wanted: Sequence[str],
        dimensions: Sequence[str],
        span: tuple[int, int],
        condition: tuple[str, list[Any]],
    ) -> Iterator[tuple[Group, int, tuple[int, ...]]]:
        """(group, kind, the wanted columns) of the UTC days that begin in a span: what stood last before its end,
        less what stood before its start."""
        where, values = condition
        columns = ", ".join(f"SUM(e.{name} - COALESCE(b.{name}, 0))" for name in wanted)
        last = f"(SELECT MAX(day) FROM {table} WHERE key_id = k.id AND day < %s)"  # noqa: S608
        names = "".join(f"k.{name}, " for name in dimensions)
        by = store.by_index(table)
        rest = f"""JOIN {table} AS e {by} ON e.key_id = k.id AND e.day = {last}
            LEFT JOIN {table} AS b {by} ON b.key_id = k.id AND b.day = {last}
            WHERE {where} AND (b.day IS NULL OR b.day <> e.day) GROUP BY {names}k.kind"""
        days = [span[1] // QUARTERS, span[0] // QUARTERS]
        return self._read(dimensions, columns, rest, [*days, *values])

    def _edge(
        self, table: str, columns: str, dimensions: Sequence[str], place: int, condition: tuple[str, list[Any]]
    ) -> Iterator[tuple[Group, int, tuple[Any, ...]]]:
        """(group, kind, packed quarters) of the UTC day that a place is in; nothing where a day begins there."""
        (day, quarter), (where, values) = divmod(place, QUARTERS), condition
        if not quarter:
            return iter(())
        rest = f"JOIN {table} AS q ON q.key_id = k.id AND q.day = %s WHERE {where}"
        return self._read(dimensions, columns, rest, [day, *values])

    def _so_far(
        self, dimensions: Sequence[str], only: Sequence[Group], first: int, last: int
    ) -> list[tuple[Group, int, tuple[int, ...]]]:
        """(group, kind, (key, UTC day, calls, micro-dollars, rest)): running totals of the days from `first` to
        `last` and the one before them, by key and day."""
        condition, values = self._where(dimensions, only, series=self.series)
        table = store.SPEND_TABLE if self.series else store.TOTAL_TABLE
        before = f"(SELECT MAX(day) FROM {table} WHERE key_id = k.id AND day < %s)"  # noqa: S608
        rest = f"""JOIN {table} AS s {store.by_index(table)} ON s.key_id = k.id
            AND s.day BETWEEN COALESCE({before}, %s) AND %s WHERE {condition}"""
        columns = "k.id, s.day, s.calls, s.spend_high, s.spend_low"
        lines = self._read(dimensions, columns, rest, [first, first, last, *values])
        return sorted(lines, key=lambda line: line[2][:2])

    def _packed(
        self, dimensions: Sequence[str], only: Sequence[Group], first: int, last: int
    ) -> Iterator[tuple[Group, int, int, bytes]]:
        """(group, kind, UTC day, packed quarters) of the days from `first` to `last`. Of kinds only whether a call
        failed is told apart where the scope asks for no other."""
        if not self.generation:
            return
        condition, values = self._where(dimensions, only, series=self.series)
        table = store.SERIES_TABLE if self.series else _QUARTERS
        rest = f"JOIN {table} AS s ON s.key_id = k.id AND s.day BETWEEN %s AND %s WHERE {condition}"
        for group, kind, (day, running) in self._read(
            dimensions, "s.day, s.running", rest, [first, last, *values]
        ):
            yield group, kind, day, bytes(running)


def _cell(found: dict[Group, Kinds], group: Group, kind: int) -> Cell:
    return found.setdefault(group, {}).setdefault(kind, Cell())


def _add(found: dict[Group, Money], group: Group, calls: int, pico: int) -> None:
    have = found.get(group)
    found[group] = Money(have.calls + calls, have.pico + pico) if have else Money(calls, pico)
