"""What must stand in a line before a wording can match there: literals for the combined pass."""

import re
from collections.abc import Iterable
from typing import Any

_ENOUGH = 10  # a longer literal doesn't sort out much more


def literals(pattern: str) -> frozenset[bytes]:
    """Words of which at least one is in every match; empty where there is none to rely on."""
    return _best(
        re._parser.parse(pattern.encode())
    )  # the parser of the standard library, the one `re` itself uses


def _best(sequence: Iterable[Any]) -> frozenset[bytes]:
    best: frozenset[bytes] = frozenset()
    run = b""
    for name, value in [*sequence, (None, None)]:
        if str(name) == "LITERAL":
            run += bytes([value])
            continue
        best = max(best, frozenset({run} if run else ()), _inside(str(name), value), key=_worth)
        run = b""
    return best


def _inside(name: str, value: Any) -> frozenset[bytes]:
    if name == "SUBPATTERN":
        return _best(value[3])
    if name == "MAX_REPEAT" and value[0]:
        return _best(value[2])
    if name == "BRANCH":
        parts = [_best(part) for part in value[1]]
        return frozenset().union(*parts) if all(parts) else frozenset()
    return frozenset()


def _worth(words: frozenset[bytes]) -> tuple[int, int]:
    """The shortest word decides; fewer words are better."""
    return (min((min(len(word), _ENOUGH) for word in words), default=0), -len(words))
