"""The combined pass: where in a block of text stand words that some row looks for.

With the wheel of hyperscan one pass finds all of them at once. Without it (no wheel for the platform) plain Python
looks for one after the other: the same findings, many times slower; `ENGINE` says which one works, and so does
every analysis.
"""

import re
import threading
from functools import cache
from operator import itemgetter
from typing import Protocol

from intelligence.rules.table import WORDINGS

try:
    import hyperscan
except ImportError:  # no wheel for this platform: slower, and every analysis says so
    hyperscan = None

ENGINE = "hyperscan" if hyperscan else "plain Python (hyperscan is not installed: slower)"
Place = tuple[int, tuple[int, ...]]  # end of the found word in the block, and which wordings may match there


class Matcher(Protocol):
    def places(self, block: bytes) -> list[Place]:
        """Every place where a wording may match, in the order of the text."""
        ...


def _looked_for() -> dict[tuple[bytes, bool], list[int]]:
    """(literal, any case) -> wordings that need it."""
    found: dict[tuple[bytes, bool], list[int]] = {}
    for number, wording in enumerate(WORDINGS):
        for word in sorted(wording.words):
            found.setdefault((word, wording.any_case), []).append(number)
    return found


class Combined:
    """One pass by hyperscan. One scan at a time per process: its scratch space is shared."""

    def __init__(self) -> None:
        words = _looked_for()
        gated = [(number,) for number, wording in enumerate(WORDINGS) if not wording.words]
        self._wordings = [*map(tuple, words.values()), *gated]
        expressions = [re.escape(word) for word, _ in words]
        flags = [hyperscan.HS_FLAG_CASELESS if any_case else 0 for _, any_case in words]
        gates = [wording.gate for wording in WORDINGS if not wording.words]
        self._lock = threading.Lock()
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[*expressions, *gates],
            ids=list(range(len(self._wordings))),
            elements=len(self._wordings),
            flags=[*flags, *([hyperscan.HS_FLAG_MULTILINE] * len(gates))],
        )

    def places(self, block: bytes) -> list[Place]:
        found: list[Place] = []
        wordings = self._wordings

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, wordings[number]))

        with self._lock:
            self._database.scan(block, match_event_handler=note)
        found.sort(key=itemgetter(0))
        return found


class Plain:
    """The same by Python alone."""

    def __init__(self) -> None:
        self._words = _looked_for()
        self._gates = [
            (number, re.compile(wording.gate, re.MULTILINE))
            for number, wording in enumerate(WORDINGS)
            if not wording.words
        ]

    def places(self, block: bytes) -> list[Place]:
        found: list[Place] = []
        lower = block.lower()
        for (word, any_case), wordings in self._words.items():
            text, looked_for = (lower, word.lower()) if any_case else (block, word)
            at = text.find(looked_for)
            while at >= 0:
                found.append((at + len(word), tuple(wordings)))
                at = text.find(looked_for, at + 1)
        for number, gate in self._gates:
            found.extend((match.end(), (number,)) for match in gate.finditer(block))
        found.sort(key=itemgetter(0))
        return found


@cache
def matcher() -> Matcher:
    """The one of this process; made at the first use (about a second)."""
    return Combined() if hyperscan else Plain()
