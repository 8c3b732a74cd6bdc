"""What is summed, and how a day's quarters of an hour are packed. Pure: no database here.

A quarter of an hour divides every offset that a zone has had since 2000, so a day in any zone is whole days
UTC, less what came before it began, plus what came before it ended.
"""

import operator
import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

QUARTER_S, QUARTERS = 900, 96
# Kinds of calls, as bits, so that failed, estimated and fallback calls are sums too.
FAILED, COUNTED, FELL_BACK, ALONE, LIMITED = 1, 2, 4, 8, 16
# A series (of days) tells apart only what failed: calls of all kinds are TOGETHER, or TOGETHER | FAILED.
TOGETHER = 32
TOKENS = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
# Times of calls are counted in classes, each a quarter wider than the one before, from 20 ms to 12 minutes.
BOUNDS_MS = tuple(round(20 * 1.25**n) for n in range(47))
BINS = len(BOUNDS_MS) + 1
WIDTH = 2 + len(TOKENS)
_HALF = 1 << 31
_RUNNING, _TOKENS, _TIMES = struct.Struct("<BIqI"), struct.Struct("<5q"), struct.Struct("<BBI")
MICRO = 10**6


class Row(NamedTuple):
    """One usage row, as far as sums need it. `quarter`: quarters of an hour since 1970-01-01 UTC."""

    user_id: int
    provider: str
    model: str
    operation: str
    service: str
    kind: int
    quarter: int
    pico: int
    tokens: tuple[int, ...]
    ms: int
    session: str = ""


def bin_of(ms: int) -> int:
    return bisect_left(BOUNDS_MS, ms)


class Cell:
    """Sums over some calls. `parts`: calls, pico-dollars, then TOKENS; `times`: class -> calls.

    One list, because millions of rows are added to these.
    """

    __slots__ = ("parts", "times")

    def __init__(self, parts: list[int] | None = None, times: dict[int, int] | None = None) -> None:
        self.parts = parts or [0] * WIDTH
        self.times = times or {}

    @property
    def calls(self) -> int:
        return self.parts[0]

    @property
    def pico(self) -> int:
        return self.parts[1]

    @property
    def tokens(self) -> list[int]:
        return self.parts[2:]

    def count(self, row: Row, times_bin: int) -> None:
        parts, (fresh, out, cached, written, reasoning) = self.parts, row.tokens
        parts[0] += 1
        parts[1] += row.pico
        parts[2] += fresh
        parts[3] += out
        parts[4] += cached
        if written:
            parts[5] += written
        if reasoning:
            parts[6] += reasoning
        self.times[times_bin] = self.times.get(times_bin, 0) + 1

    def add(self, other: "Cell", sign: int = 1) -> None:
        if sign == 1:
            self.parts = list(map(operator.add, self.parts, other.parts))
        else:
            self.parts = list(map(operator.sub, self.parts, other.parts))
        times = self.times
        for place, number in other.times.items():
            times[place] = times.get(place, 0) + sign * number


Quarters = dict[int, Cell]
Series = dict[int, tuple[int, int]]  # quarter -> calls, pico-dollars


def whole(quarters: Quarters) -> Cell:
    total = Cell()
    for cell in quarters.values():
        total.add(cell)
    return total


def milliseconds(rows: Iterable[Row]) -> dict[str, int]:
    """Of all calls, by provider."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.provider] = found.get(row.provider, 0) + row.ms
    return found


class Packed(NamedTuple):
    """`running`: (quarter, calls, micro-dollars, rest) from midnight up to the end of each quarter that had calls;
    `tokens`: the same for the token classes; `times`: (quarter, class, calls)."""

    running: bytes
    tokens: bytes
    times: bytes


def pack(quarters: Quarters) -> Packed:
    running, tokens, times = [], [], []
    sums: list[int] = [0] * WIDTH
    for place in sorted(quarters):
        cell = quarters[place]
        sums = list(map(operator.add, sums, cell.parts))
        running.append(_RUNNING.pack(place, sums[0], *divmod(sums[1], MICRO)))
        tokens.append(_TOKENS.pack(*sums[2:]))
        times += [_TIMES.pack(place, at, cell.times[at]) for at in sorted(cell.times)]
    return Packed(b"".join(running), b"".join(tokens), b"".join(times))


def unpack(packed: Packed) -> Quarters:
    found: Quarters = {}
    before = [0] * WIDTH
    lines = zip(_RUNNING.iter_unpack(packed.running), _TOKENS.iter_unpack(packed.tokens), strict=True)
    for (place, calls, high, low), tokens in lines:
        now = [calls, high * MICRO + low, *tokens]
        found[place] = Cell(list(map(operator.sub, now, before)))
        before = now
    for place, at, number in _TIMES.iter_unpack(packed.times):
        found[place].times[at] = number
    return found


def pack_series(series: Series) -> bytes:
    """As `Packed.running`."""
    lines, calls, pico = [], 0, 0
    for place in sorted(series):
        more = series[place]
        calls, pico = calls + more[0], pico + more[1]
        lines.append(_RUNNING.pack(place, calls, *divmod(pico, MICRO)))
    return b"".join(lines)


def unpack_series(running: bytes) -> Series:
    found, before = {}, (0, 0)
    for place, calls, high, low in _RUNNING.iter_unpack(running):
        pico = high * MICRO + low
        found[place], before = (calls - before[0], pico - before[1]), (calls, pico)
    return found


def add_series(into: Series, more: Series) -> None:
    for place, (calls, pico) in more.items():
        have = into.get(place)
        into[place] = (have[0] + calls, have[1] + pico) if have else (calls, pico)


def money_of(series: Series) -> list[int]:
    """Calls, micro-dollars and the rest of a whole day."""
    calls, pico = map(sum, zip(*series.values(), strict=True))
    return [calls, *divmod(pico, MICRO)]


def _place(running: bytes, quarter: int) -> int:
    """How many entries come before `quarter`."""
    return bisect_left(running[:: _RUNNING.size], quarter)


def money_of_day(running: bytes) -> tuple[int, int]:
    """(calls, pico-dollars) of all its quarters: what stands last."""
    _, calls, high, low = _RUNNING.unpack_from(running, len(running) - _RUNNING.size)
    return calls, high * MICRO + low


def money_before(running: bytes, quarter: int) -> tuple[int, int]:
    """(calls, pico-dollars) from midnight UTC to the start of a quarter."""
    place = _place(running, quarter)
    if not place:
        return 0, 0
    _, calls, high, low = _RUNNING.unpack_from(running, (place - 1) * _RUNNING.size)
    return calls, high * MICRO + low


def all_before(packed: Packed, quarter: int) -> Cell:
    """Everything from midnight UTC to the start of a quarter."""
    place = _place(packed.running, quarter)
    if not place:
        return Cell()
    calls, pico = money_before(packed.running, quarter)
    cell = Cell([calls, pico, *_TOKENS.unpack_from(packed.tokens, (place - 1) * _TOKENS.size)])
    for at_quarter, at, number in _TIMES.iter_unpack(packed.times):
        if at_quarter >= quarter:
            break
        cell.times[at] = cell.times.get(at, 0) + number
    return cell


def counts(running: bytes) -> list[tuple[int, int]]:
    """(quarter, calls in it), earliest first."""
    lines = [(place, calls) for place, calls, _, _ in _RUNNING.iter_unpack(running)]
    before = [0, *(calls for _, calls in lines)]
    return [(place, calls - earlier) for (place, calls), earlier in zip(lines, before, strict=False)]


def to_columns(cell: Cell) -> list[int]:
    """In the order of the columns of a total: calls, money, tokens, times."""
    calls, pico, *tokens = cell.parts
    packed = [0] * (BINS // 2)
    for at, number in cell.times.items():
        packed[at >> 1] += number << 31 if at & 1 else number
    return [calls, *divmod(pico, MICRO), *tokens, *packed]


def from_columns(values: Sequence[int]) -> Cell:
    """Of a total, or of what lies between two (a class may hold 2 billion calls)."""
    calls, high, low, *rest = (int(value) for value in values)
    cell = Cell([calls, high * MICRO + low, *rest[: len(TOKENS)]])
    for n, both in enumerate(rest[len(TOKENS) :]):
        if both:
            upper, lower = divmod(both, _HALF)
            cell.times[2 * n], cell.times[2 * n + 1] = lower, upper
    return cell


def percentile(times: dict[int, int], percent: int) -> int | None:
    """Milliseconds that so many percent of the calls took at most; None without calls.

    The class of the call of that rank is exact, the place inside the class is by rank: off by a quarter at worst.
    """
    total = sum(times.values())
    if total <= 0:
        return None
    left = ceil(total * percent / 100)
    for place in sorted(times):
        if times[place] >= left:
            return _inside(place, left / times[place])
        left -= times[place]
    return BOUNDS_MS[-1]


def _inside(place: int, share: float) -> int:
    if place >= len(BOUNDS_MS):
        return BOUNDS_MS[-1]
    upper = BOUNDS_MS[place]
    lower = BOUNDS_MS[place - 1] if place else upper / 1.25
    return round(lower * (upper / lower) ** share)
