"""Shapes of the engine: what a rule is, what it found, and what an analysis says. All frozen, all JSON-able."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["primary", "symptom", "also"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Wordings of one failure, one regular expression per line.

    `code` is a failure class (`OOM_KILLED`), or a sign in lower case (`memory`) that other rows refer to.
    `sure` is how often such a line alone is right. A wording sees one line at a time, without colours; its group
    `subject` is the concrete thing; it has no look-around and no back reference, so that its time is linear.
    A line that matches `unless` does not count. `needs` and `but_not` (with `|` for several) name codes or signs
    that must, or must not, stand somewhere in the log. `about` names words that say it closer than its class does
    (`classes.ABOUT`). `any_level` lets a warning count like an error, `even_calm`
    a line that is marked as information. `at_least` is how often a wording has to occur.
    """

    code: str
    sure: float
    wordings: str
    unless: str = ""
    needs: str = ""
    but_not: str = ""
    any_level: bool = False
    even_calm: bool = False
    any_case: bool = False
    at_least: int = 1
    about: str = ""


@dataclass(frozen=True, slots=True)
class FailureClass:
    """What a class means to a reader: `cause` is a sentence about `{subject}`, `plain` the same without one."""

    code: str
    group: str
    cause: str
    plain: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Lines that tell how a step ended. `heals`: the classes that a good one takes back; empty: everything."""

    good: bool
    wordings: str
    unless: str = ""
    heals: frozenset[str] = frozenset()
    any_case: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One line on which one row matched. `line` is 1-based in the raw file; `level` as in `levels`."""

    line: int
    quote: str
    subject: str
    time: str
    level: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """One failure class as found: the decisive lines [first, last] of the raw file and what stands there.

    `about` as in the rule of the decisive line; it is no part of what is told.
    """

    code: str
    confidence: float
    lines: tuple[int, int]
    quote: str
    subject: str
    count: int
    first_time: str
    last_time: str
    role: Role
    about: str = ""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was looked at: lines and bytes of the log, by which engine, and what was cut for being too long."""

    lines: int
    bytes: int
    engine: str
    by: str = "rules"
    whole: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer. `healthy` is an answer of its own: then there is no primary and no pattern."""

    healthy: bool
    primary: str | None
    patterns: tuple[Pattern, ...]
    cause: str
    recommendations: tuple[str, ...]
    provider: str
    scanned: Scanned
    hypotheses: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = asdict(self)
        for pattern in plain["patterns"]:
            pattern["lines"] = list(pattern["lines"])
            del pattern["about"]
        return plain
