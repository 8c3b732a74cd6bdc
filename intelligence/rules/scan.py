"""Reads a log once and keeps what counts: for every row its first hits, its last one, and how many there were.

Memory doesn't grow with the log: a block, and a bounded number of hits per row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

from intelligence.rules import levels
from intelligence.rules.lines import Block, blocks
from intelligence.rules.matcher import Matcher, matcher
from intelligence.rules.table import LEVELLED, SIGNS, UNLESS, WORDINGS
from intelligence.rules.types import Hit

KEPT = 40  # hits per row and level
QUOTED = 300  # characters of a quote
_BEFORE, _AFTER = 1_500, 600  # bytes around a hit that are looked at in an endless line


@dataclass(slots=True)
class Found:
    """What one row found: the first hits of each level in order, and the last one."""

    hits: list[Hit] = field(default_factory=list)
    last: Hit | None = None
    count: int = 0
    kept: list[int] = field(default_factory=lambda: [0, 0, 0])  # by level

    def add(self, hit: Hit, *, counted: bool = False) -> None:
        self.count += not counted
        self.last = hit
        if self.kept[hit.level] < KEPT:
            self.kept[hit.level] += 1
            self.hits.append(hit)

    @property
    def all(self) -> list[Hit]:
        """In the order of the log."""
        return self.hits if self.last is None or self.last is self.hits[-1] else [*self.hits, self.last]


@dataclass(slots=True)
class Findings:
    """Row number -> what it found, and what was read."""

    rows: dict[int, Found] = field(default_factory=dict)
    lines: int = 0
    bytes: int = 0


def scan(chunks: Iterable[bytes], by: Matcher | None = None) -> Findings:
    """Reads all of it. `chunks` may be cut anywhere."""
    findings = Findings()
    by = by or matcher()
    ended = True
    for block in blocks(_counted(chunks, findings)):
        _read(block, by, findings)
        findings.lines = block.first_line - 1 + block.counted.count(b"\n")
        ended = block.counted.endswith(b"\n")
    findings.lines += not ended
    return findings


def _counted(chunks: Iterable[bytes], findings: Findings) -> Iterable[bytes]:
    for chunk in chunks:
        findings.bytes += len(chunk)
        yield chunk


def _read(block: Block, by: Matcher, findings: Findings) -> None:
    """Tries every place of a block; of rows that have enough hits only the last place, the others are counted."""
    line = _Lines(block)
    late: dict[int, tuple[int, int]] = {}
    for place, wordings in by.places(block.text):
        for which in wordings:
            row = WORDINGS[which].row
            found = findings.rows.get(row)
            if found is None or found.kept[-1] < KEPT:
                line.at(place)
                if row not in line.matched and which not in line.tried:
                    _try(which, line, findings)
            elif SIGNS[row]:
                found.count += 1
            else:
                if row not in late or block.text.find(b"\n", late[row][1], place) >= 0:
                    found.count += 1
                late[row] = (which, place)
    line = _Lines(block)
    for which, place in sorted(late.values(), key=itemgetter(1)):
        line.at(place)
        _try(which, line, findings, counted=True)


class _Lines:
    """Goes through a block from line to line: the one around a place, with its number in the raw file."""

    def __init__(self, block: Block) -> None:
        self._block, self._at = block, 0
        self._start = self._end = -1
        self.number, self.whole, self.text = block.first_line, b"", b""
        self.matched: set[int] = set()  # rows that have matched in this line
        self.tried: set[int] = (
            set()
        )  # wordings that were tried on it: once is enough, however often their words stand

    def at(self, place: int) -> None:
        if self._start <= place - 1 and place <= self._end:
            return
        text = self._block.text
        earliest = max(0, place - _BEFORE)
        start = text.rfind(b"\n", earliest, place - 1) + 1 or earliest
        stop = text.find(b"\n", place - 1, place + _AFTER)
        self._start, self._end = start, stop if stop >= 0 else min(len(text), place + _AFTER)
        self.number += self._block.counted.count(b"\n", self._at, start)
        self._at, self.matched, self.tried = start, set(), set()
        self.whole = text[start : self._end]
        self.text = levels.own(self.whole)


def _try(which: int, line: _Lines, findings: Findings, *, counted: bool = False) -> None:
    wording = WORDINGS[which]
    line.tried.add(which)
    match = wording.regex.search(line.text)
    unless = UNLESS[wording.row]
    if match is None or (unless is not None and unless.search(line.text)):
        return
    level = levels.level(line.text) if LEVELLED[wording.row] else levels.ERROR
    if level == levels.ECHO:
        return
    line.matched.add(wording.row)
    subject = (match.groupdict().get("subject") or b"").strip()
    hit = Hit(
        line.number,
        _quote(line.whole, match.start() + len(line.whole) - len(line.text)),
        _text(subject[:120]),
        levels.time(line.whole),
        level,
    )
    findings.rows.setdefault(wording.row, Found()).add(hit, counted=counted)


def _quote(line: bytes, at: int) -> str:
    """The line itself, or what stands around the match where the line is long."""
    text = _text(line)
    if len(text) <= QUOTED:
        return text.strip()
    begin = max(0, len(_text(line[:at])) - 40)
    return text[begin : begin + QUOTED].strip()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
