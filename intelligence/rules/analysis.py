"""A log goes in, an answer comes out, with the lines that prove it. Needs no model. Pure.

Every quote stands in the log that was given. It never repairs, asks nobody, and stores nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from intelligence.rules.classes import ABOUT, BY_CODE
from intelligence.rules.lines import as_chunks
from intelligence.rules.matcher import ENGINE
from intelligence.rules.scan import scan
from intelligence.rules.types import Analysis, FailureClass, Pattern, Scanned
from intelligence.rules.verdict import patterns

LOCAL = "local"
HEALTHY = "Nothing found: no line of this log tells of a failure."


def analyse(log: bytes | str | Iterable[bytes], *, redact: Callable[[str], str] = str) -> Analysis:
    """Reads a log (whole, or chunk by chunk for one that is larger than memory) and says what failed.

    `redact` takes secrets out of what is quoted. The same log gives the same answer. Raises nothing about the
    content: any bytes are a log.
    """
    findings = scan(as_chunks(log))
    found = tuple(_redacted(pattern, redact) for pattern in patterns(findings))
    return Analysis(
        healthy=not found,
        primary=found[0].code if found else None,
        patterns=found,
        cause=_cause(found) if found else HEALTHY,
        recommendations=meaning_of(found[0]).steps if found else (),
        provider=LOCAL,
        scanned=Scanned(findings.lines, findings.bytes, ENGINE),
    )


def meaning_of(pattern: Pattern) -> FailureClass:
    """The words for it: of its narrower case where it is one, else of its class."""
    return ABOUT.get(pattern.about) or BY_CODE[pattern.code]


def _redacted(pattern: Pattern, redact: Callable[[str], str]) -> Pattern:
    return replace(pattern, quote=redact(pattern.quote), subject=redact(pattern.subject))


def _cause(found: tuple[Pattern, ...]) -> str:
    """One sentence: the reason, and which of the other patterns follow from it."""
    primary, *others = found
    meaning = meaning_of(primary)
    sentence = meaning.cause.format(subject=primary.subject.rstrip(".")) if primary.subject else meaning.plain
    following = [other.code for other in others if other.role == "symptom"]
    if not following:
        return sentence
    return f"{sentence[:-1]}; {', '.join(following)} {'follow' if len(following) > 1 else 'follows'} from it."
