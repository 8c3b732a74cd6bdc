"""Adds usage rows to the sums, each exactly once.

Everything is worked out from what stood at one watermark and written in one short transaction that also moves the
watermark, on the condition that it still stands there. Of several processes one succeeds; the others did nothing.
"""

import logging
import time
from collections.abc import Iterable

from django.db import transaction

from providers.ledger.frontier import stable_frontier
from providers.models.rollup import UsageGeneration
from providers.usage.rollup import source, store
from providers.usage.rollup.cells import (
    FAILED,
    QUARTERS,
    TOGETHER,
    Cell,
    Quarters,
    Row,
    Series,
    add_series,
    bin_of,
    milliseconds,
    money_of,
    to_columns,
    whole,
)
from providers.usage.rollup.cubes import Key, keys_of

logger = logging.getLogger(__name__)
BATCH = 2_000  # rows a transaction while the site works: it holds SQLite's only write lock for some 20 ms
PAUSE_S = 0.01  # between transactions, so that the ledger gets its turn
Days = dict[Key, dict[int, Quarters]]


class _Moved(Exception):
    """Another process moved the watermark; nothing was written."""


def current() -> UsageGeneration:
    """The generation that pages read; the first one is made where there is none."""
    found = UsageGeneration.objects.filter(current=True).order_by("-pk").first()
    return found or UsageGeneration.objects.get_or_create(pk=1, defaults={"current": True})[0]


def roll(seconds: float = 10.0, batch: int = BATCH) -> int:
    """Brings the current sums up to the ledger's frontier, or as far as it gets in the time; the rows added."""
    until, added, roller = time.monotonic() + seconds, 0, Roller(current().pk, batch)
    while (done := roller.step(stable_frontier())) is not None:
        added += done
        if time.monotonic() > until:
            break
        time.sleep(PAUSE_S)
    return added


class Roller:
    """One generation. Remembers ids of keys from batch to batch: they never change."""

    def __init__(self, generation: int, batch: int = BATCH) -> None:
        self.generation, self.batch = generation, batch
        self.series = UsageGeneration.objects.values_list("series", flat=True).get(pk=generation)
        self._ids: dict[Key, int] = {}

    def step(self, frontier: int) -> int | None:
        """Adds the next batch; its rows, 0 where another process was quicker, None where nothing is left."""
        before = UsageGeneration.objects.values_list("watermark", flat=True).get(pk=self.generation)
        after = min(frontier, before + self.batch)
        if after <= before:
            return None
        rows = source.after(before, after)
        days = fold(rows)
        lines = together(days) if self.series else {}
        ids = self._keys([*days, *lines])
        placed = {(ids[key], day): cells for key, of_key in days.items() for day, cells in of_key.items()}
        kept = store.read_quarters(placed)
        packed = {place: store.merged(kept.get(place), quarters) for place, quarters in placed.items()}
        new = {(ids[key], day): one for key, by in lines.items() for day, one in by.items()}
        spends = store.moved_on(store.SPEND_TABLE, {place: money_of(one) for place, one in new.items()})
        series = self._series(new)
        totals = store.moved_on(store.TOTAL_TABLE, {place: to_columns(whole(q)) for place, q in placed.items()})
        try:
            with transaction.atomic():
                if not store.move_watermark(self.generation, before, after):
                    raise _Moved
                store.write_so_far(store.TOTAL_TABLE, totals)
                store.write_so_far(store.SPEND_TABLE, spends)
                store.write_quarters(packed)
                store.write_series(series)
                store.add_times(self.generation, milliseconds(rows) if self.series else {})
                store.add_sessions(self.generation, sessions(rows))
        except _Moved:
            return 0
        return len(rows)

    def _series(self, placed: dict[tuple[int, int], Series]) -> dict[tuple[int, int], Series]:
        """What is kept of these days, with what comes to it."""
        kept = store.read_series(placed)
        for place, more in placed.items():
            add_series(kept.setdefault(place, {}), more)
        return kept

    def _keys(self, wanted: Iterable[Key]) -> dict[Key, int]:
        missing = [key for key in wanted if key not in self._ids]
        if missing:
            self._ids.update(store.find_keys(self.generation, missing))
            new = sorted(key for key in missing if key not in self._ids)
            if new:
                with transaction.atomic():
                    store.add_keys(self.generation, new)
                self._ids.update(store.find_keys(self.generation, new))
        return self._ids


def fold(rows: Iterable[Row]) -> Days:
    """Key -> UTC day -> quarter -> sums, for every cube."""
    days: Days = {}
    targets: dict[tuple[int, str, str, str, str, int], list[dict[int, Quarters]]] = {}
    for row in rows:
        of_row = targets.get(row[:6])
        if of_row is None:
            of_row = targets[row[:6]] = [days.setdefault(key, {}) for key in keys_of(*row[:6])]
        day, quarter = divmod(row.quarter, QUARTERS)
        at = bin_of(row.ms)
        for by_day in of_row:
            quarters = by_day.get(day)
            if quarters is None:
                quarters = by_day[day] = {}
            cell = quarters.get(quarter)
            if cell is None:
                cell = quarters[quarter] = Cell()
            cell.count(row, at)
    return days


def together(days: Days) -> dict[Key, dict[int, Series]]:
    """Calls and money of all kinds as one, those that failed as another."""
    found: dict[Key, dict[int, Series]] = {}
    for (*what, kind), by_day in days.items():
        into = found.setdefault((*what, TOGETHER | kind & FAILED), {})  # type: ignore[arg-type]
        for day, quarters in by_day.items():
            more = {place: (cell.parts[0], cell.parts[1]) for place, cell in quarters.items()}
            add_series(into.setdefault(day, {}), more)
    return found


def sessions(rows: Iterable[Row]) -> list[tuple[object, ...]]:
    """Lines for `store.add_sessions`. Money is rounded up: it bounds the true sum from above."""
    found: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        if row.session:
            line = found.setdefault((row.session, row.user_id), [row.quarter, row.quarter, 0, 0])
            line[0], line[1] = min(line[0], row.quarter), max(line[1], row.quarter)
            line[2] += 1
            line[3] += row.pico
    return [(*who, first, last, calls, -(-pico // 10**6)) for who, (first, last, calls, pico) in found.items()]
