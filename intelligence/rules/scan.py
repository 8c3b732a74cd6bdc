"""Reads a log once and keeps what counts: for every row its first hits, its last one, and how many there were.

Memory doesn't grow with the log: a block, and a bounded number of hits per row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from intelligence.rules import levels
from intelligence.rules.lines import Block, blocks
from intelligence.rules.matcher import Matcher, matcher
from intelligence.rules.table import FAILURES, UNLESS, WORDINGS
from intelligence.rules.types import Hit

KEPT = 40  # hits per row
QUOTED = 300  # characters of a quote
_BEFORE, _AFTER = 1_500, 600  # bytes around a hit that are looked at in an endless line


@dataclass(slots=True)
class Found:
    """What one row found: the first hits in order, and the last one."""

    hits: list[Hit] = field(default_factory=list)
    last: Hit | None = None
    count: int = 0

    def add(self, hit: Hit) -> None:
        self.count += 1
        self.last = hit
        if len(self.hits) < KEPT or hit.level > min(kept.level for kept in self.hits[:1]):
            self.hits.append(hit)
            del self.hits[KEPT * 2 :]

    @property
    def all(self) -> list[Hit]:
        known = self.hits
        return known if self.last is None or self.last in known[-1:] else [*known, self.last]


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
    text, at, number = block.text, 0, block.first_line
    line, start, end = b"", -1, -1
    seen: set[int] = set()
    for place, which in by.places(text):
        if place > end or start < 0 or place - start > _BEFORE + _AFTER:
            start = text.rfind(b"\n", max(0, place - _BEFORE), place - 1) + 1 or max(0, place - _BEFORE)
            stop = text.find(b"\n", place - 1, place + _AFTER)
            end = stop if stop >= 0 else min(len(text), place + _AFTER)
            number += block.counted.count(b"\n", at, start)
            at, line, seen = start, text[start:end], set()
        row = WORDINGS[which].row
        if row not in seen and _try(which, line, number, findings):
            seen.add(row)


def _try(which: int, line: bytes, number: int, findings: Findings) -> bool:
    wording = WORDINGS[which]
    match = wording.regex.search(line)
    if match is None:
        return False
    unless = UNLESS[wording.row]
    if unless is not None and unless.search(line):
        return False
    level = levels.level(line)
    if level == levels.ECHO and FAILURES[wording.row]:
        return False
    subject = (match.groupdict().get("subject") or b"").strip()
    hit = Hit(
        number, _quote(line, match.start()), _text(subject[:120]), levels.time(line), max(level, levels.CALM)
    )
    findings.rows.setdefault(wording.row, Found()).add(hit)
    return True


def _quote(line: bytes, at: int) -> str:
    """The line itself, or what stands around the match where the line is long."""
    text = _text(line)
    if len(text) <= QUOTED:
        return text.strip()
    begin = max(0, len(_text(line[:at])) - 40)
    return text[begin : begin + QUOTED].strip()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
