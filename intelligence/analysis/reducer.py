"""A long log made short for a reader with little room: the lines that decide stay, repeats and routine go. Pure.

What is kept, in this order until the room is used up: how the log ends, the decisive lines of every failure with
their surroundings, the beginning, other lines that speak of errors, and more of the end. Lines stay as they are,
in their order; a note in brackets stands where lines were left out.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from intelligence.rules.classes import BY_CODE
from intelligence.rules.lines import as_chunks, blocks
from intelligence.rules.scan import Findings, scan
from intelligence.rules.table import ROWS, RULES
from intelligence.rules.types import Rule
from intelligence.rules.verdict import patterns

LONGEST_LINE = 400
_BEFORE, _AFTER = 3, 5  # lines around a decisive one
_HEAD, _TAIL = 0.06, 0.12  # shares of the room that the beginning and the end have for sure
_NOTE = 48  # room for one note
_CHANGING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+|\s+")
_ERRORS = re.compile(
    r"\b(?:error|errors|failed|failure|fatal|exception|panic|traceback|critical|denied|refused|cannot|can't|unable"
    r"|not found|killed|abort\w*|invalid|missing)\b|^E  |Error:|✕|✗|✖",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log, or several in a row that differ only in numbers and blanks."""

    number: int
    text: str
    times: int = 1

    @property
    def cost(self) -> int:
        return len(self.text) + 1 + (_NOTE if self.times > 1 else 0)


def reduce_log(text: str, limit: int, redact: Callable[[str], str] = str) -> str:
    """At most `limit` characters of a log. `redact` takes secrets out before anything is cut."""
    if limit <= 0:
        return ""
    clean = redact(_clean(text))
    if len(clean) <= limit:
        return clean
    folded = list(_folded(clean.split("\n")))
    kept = _chosen(folded, clean, limit)
    return _written([line for at, line in enumerate(folded) if at in kept], folded[-1].number)[:limit]


def _clean(text: str) -> str:
    """Without colours; of a line that was written over and over, what stood there last."""
    whole = b"".join(block.counted for block in blocks(as_chunks(text))).decode("utf-8", "replace")
    return (
        "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in whole.split("\n")) if "\r" in whole else whole
    )


def _folded(lines: list[str]) -> Iterator[Line]:
    """Neighbours that differ only in numbers and blanks become one; of errors only those that are the same."""
    first, form, times = 0, None, 0
    for at, text in enumerate(lines):
        now = form_of(text)
        if now != form:
            if times:
                yield Line(first + 1, _short(lines[first]), times)
            first, form, times = at, now, 0
        times += 1
    yield Line(first + 1, _short(lines[first]), times)


def form_of(text: str) -> str:
    """What neighbours must have in common to be alike."""
    return text if _ERRORS.search(text) else _CHANGING.sub("0", text)


def _short(text: str) -> str:
    """An endless line: its beginning, and what stands around the first word of an error, or else its end."""
    if len(text) <= LONGEST_LINE:
        return text
    error = _ERRORS.search(text, 120)
    begin = max(120, error.start() - 60) if error else len(text) - 270
    return f"{text[:120]} … {text[begin : begin + 270]}"


def _chosen(folded: list[Line], clean: str, limit: int) -> set[int]:
    """Places in `folded` that fit: the most telling first."""
    kept: set[int] = set()
    room = limit - _NOTE
    for wanted, share in _wishes(folded, clean, limit):
        room = _take(wanted, share, folded, kept, room)
    return kept


def _take(wanted: Iterable[int], share: int, folded: list[Line], kept: set[int], room: int) -> int:
    """Adds lines while they fit into the room and this wish's share of it; gives back what room is left."""
    for at in wanted:
        if at in kept or not 0 <= at < len(folded):
            continue
        cost = folded[at].cost + (0 if at - 1 in kept or at + 1 in kept else _NOTE)
        if cost > room:
            continue
        share -= cost
        if share < 0:
            break
        kept.add(at)
        room -= cost
    return room


def _wishes(folded: list[Line], clean: str, limit: int) -> Iterator[tuple[list[int], int]]:
    places = _places(folded)
    last = len(folded) - 1
    findings = scan(as_chunks(clean))
    yield list(range(last, -1, -1)), int(limit * _TAIL)
    deciding = [places[number] for number in _deciding(findings) if number in places]
    yield deciding, int(limit * 0.55)
    yield _around(deciding), int(limit * 0.35)
    yield list(range(last)), int(limit * _HEAD)
    yield [at for at, line in enumerate(folded) if _ERRORS.search(line.text)], int(limit * 0.4)
    yield list(range(last, -1, -1)), limit


def _places(folded: list[Line]) -> dict[int, int]:
    """Line number -> place in `folded`."""
    return {
        number: at for at, line in enumerate(folded) for number in range(line.number, line.number + line.times)
    }


def _deciding(findings: Findings) -> list[int]:
    """Line numbers, the most telling first: what the analysis names, each row's first, last, other hits."""
    rules = [(number, found) for number, found in findings.rows.items() if isinstance(ROWS[number], Rule)]
    telling = [(ROWS[number].sure, found.all) for number, found in rules if ROWS[number].code in BY_CODE]
    hits = [all_of_one for _, all_of_one in sorted(telling, key=lambda one: -one[0])]
    ends = [found.last.line for number, found in findings.rows.items() if number >= len(RULES) and found.last]
    order = [0, -1, *range(1, max(map(len, hits), default=0))]
    named = [pattern.lines[0] for pattern in patterns(findings)]
    first, last, *others = [[one[at].line for one in hits if at < len(one)] for at in order]
    return list(dict.fromkeys([*named, *first, *last, *ends, *(line for row in others for line in row)]))


def _around(places: list[int]) -> list[int]:
    near = sorted((step for step in range(-_BEFORE, _AFTER + 1) if step), key=abs)
    return [place + step for place in places for step in near]


def _written(lines: list[Line], last: int) -> str:
    parts, expected = [], 1
    for line in lines:
        if line.number > expected:
            parts.append(f"[lines {expected} to {line.number - 1} left out]")
        parts.append(line.text)
        if line.times > 1:
            parts.append(f"[{line.times - 1} more like this]")
        expected = line.number + line.times
    if expected <= last:
        parts.append(f"[lines {expected} to {last} left out]")
    return "\n".join(parts)
