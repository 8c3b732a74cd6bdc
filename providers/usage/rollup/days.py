"""Calls and money of each day of a range in any zone, from running totals or packed quarters. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from providers.usage.rollup.cells import FAILED, MICRO, QUARTERS, Row, money_before, money_of_day

Group = tuple[int | str, ...]
Boundaries = Sequence[int]  # quarters since 1970 at which days begin; the last one ends the last day


class Day(NamedTuple):
    """`failed` are among `calls`."""

    calls: int = 0
    pico: int = 0
    failed: int = 0


class _Line:
    """Of one group: calls and pico-dollars day by day."""

    __slots__ = ("calls", "pico")

    def __init__(self, days: int) -> None:
        self.calls, self.pico = [0] * days, [0] * days


class Days:
    """Filled in pieces, then `found`."""

    def __init__(self, boundaries: Boundaries) -> None:
        self.boundaries, self.many = boundaries, len(boundaries) - 1
        self.in_utc = not any(at % QUARTERS for at in boundaries)
        last = boundaries[-1] // QUARTERS
        self.utc = (boundaries[0] // QUARTERS, last - 1 if self.in_utc else last)
        self._lines: dict[tuple[Group, int], _Line] = {}

    def _line(self, group: Group, kind: int) -> _Line:
        place = (group, kind & FAILED)
        line = self._lines.get(place)
        if line is None:
            line = self._lines[place] = _Line(self.many)
        return line

    def count(self, group: Group, row: Row) -> None:
        """One call of the range."""
        line, day = self._line(group, row.kind), bisect_right(self.boundaries, row.quarter) - 1
        line.calls[day] += 1
        line.pico[day] += row.pico

    def add_totals(self, totals: Iterable[tuple[Group, int, tuple[int, ...]]]) -> None:
        """Where days are UTC days: (group, kind, (key, day, calls, micro-dollars, rest)) by key and day; of each
        key the last day before the range too, where it has one."""
        first, key, calls, pico = self.utc[0], None, 0, 0
        for group, kind, (of, day, calls_now, high, low) in totals:
            if of != key:
                key, line, calls, pico = of, self._line(group, kind), 0, 0
            pico_now = high * MICRO + low
            if day >= first:
                line.calls[day - first] += calls_now - calls
                line.pico[day - first] += pico_now - pico
            calls, pico = calls_now, pico_now

    def add_packed(self, packed: Iterable[tuple[Group, int, int, bytes]]) -> None:
        """(group, kind, UTC day, packed quarters of it). A whole UTC day goes to the day that begins in it: what
        is before the beginning is of the day before."""
        plan = self._plan()
        for group, kind, day, running in packed:
            line, (begins, cuts) = self._line(group, kind), plan[day]
            if begins >= 0:
                _add(line, begins, *money_of_day(running))
            for n, quarter in cuts:
                calls, pico = money_before(running, quarter)
                if n:
                    _add(line, n - 1, calls, pico)
                if n < self.many:
                    _add(line, n, -calls, -pico)

    def _plan(self) -> dict[int, tuple[int, list[tuple[int, int]]]]:
        """UTC day -> the day that begins in it (-1: none of the range), and (boundary, quarter) of each that cuts
        it."""
        starts, last = [at // QUARTERS for at in self.boundaries], self.boundaries[-1] // QUARTERS
        cuts: dict[int, list[tuple[int, int]]] = {}
        for n, at in enumerate(self.boundaries):
            if at % QUARTERS:
                cuts.setdefault(at // QUARTERS, []).append((n, at % QUARTERS))
        return {
            day: (bisect_right(starts, day) - 1 if day < last else -1, cuts.get(day, []))
            for day in range(self.utc[0], self.utc[1] + 1)
        }

    def found(self) -> dict[Group, list[Day]]:
        groups = dict.fromkeys(group for group, _ in self._lines)
        return {group: self._days(group) for group in groups}

    def _days(self, group: Group) -> list[Day]:
        nothing = _Line(self.many)
        well, ill = (self._lines.get((group, kind), nothing) for kind in (0, FAILED))
        of_day = zip(well.calls, ill.calls, well.pico, ill.pico, strict=True)
        return [Day(good + bad, spent + lost, bad) for good, bad, spent, lost in of_day]


def _add(line: _Line, day: int, calls: int, pico: int) -> None:
    line.calls[day] += calls
    line.pico[day] += pico
