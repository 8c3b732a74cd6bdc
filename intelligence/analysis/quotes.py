"""Whether a quote really stands in the log. What a model claims without one is a hypothesis, and is called so."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from intelligence.rules.lines import as_chunks, blocks

_SHORTEST = 8  # letters; a shorter quote stands everywhere and proves nothing


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model says, and the words of the log that it says it from."""

    statement: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """`lines` is where the quote stands, [first, last], 1-based; None where it doesn't: a hypothesis."""

    claim: Claim
    lines: tuple[int, int] | None

    @property
    def hypothesis(self) -> bool:
        return self.lines is None

    @property
    def label(self) -> str:
        return "hypothesis" if self.hypothesis else "evidence"


def check_quotes(claims: Iterable[Claim], text: str | bytes) -> list[Checked]:
    """Looks every quote up in the log: letter by letter, white space aside. Colours don't count."""
    clean = b"".join(block.counted for block in blocks(as_chunks(text))).decode("utf-8", "replace")
    words, starts = _words(clean)
    return [Checked(claim, _lines(claim.quote, clean, words, starts)) for claim in claims]


def _words(text: str) -> tuple[str, list[int]]:
    """The text with one space for any white space, and where each line begins in it."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    starts, at, kept = [], 0, []
    for line in lines:
        starts.append(at)
        if line:
            kept.append(line)
            at += len(line) + 1
    return " ".join(kept), starts


def _lines(quote: str, text: str, words: str, starts: list[int]) -> tuple[int, int] | None:
    wanted = " ".join(quote.split())
    if len(wanted) < _SHORTEST:
        return None
    at = words.find(wanted)
    if at < 0:
        return None
    return _line_of(at, starts), _line_of(at + len(wanted) - 1, starts)


def _line_of(at: int, starts: list[int]) -> int:
    """1-based; of lines that begin at the same place all but the last are empty."""
    return bisect_right(starts, at)
