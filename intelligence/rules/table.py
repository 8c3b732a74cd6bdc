"""All rows in one list, taken apart into wordings that the combined pass can look for."""

import re
from dataclasses import dataclass
from functools import cached_property

from intelligence.rules.gates import literals
from intelligence.rules.rows import (
    access,
    checks,
    cluster,
    compilers,
    database,
    errors,
    manifests,
    memory,
    modules,
    network,
    packages,
    processes,
    resource,
    schema,
    settings,
)
from intelligence.rules.rows.outcomes import OUTCOMES
from intelligence.rules.types import Outcome, Rule

SUBJECTS = (memory, processes, errors, database, schema, network, access, resource, cluster)
BUILDING = (modules, packages, compilers, checks, settings, manifests)
# Short words that rows may use: a quotation mark, the port of a database, the beginning of a message, the name of
# an environment variable, ways to say that something is not there, and that it went well.
WORDS = {
    "<q>": r"(?:[`'\"]|\xe2\x80[\x98\x99\x9c\x9d])",
    "<dbport>": r":(?:5432|5433|6432|3306|33060|27017|27018|1433|1521|26257)",
    "<edge>": r"(?:^|[|\]>)] +|: |\dZ +|\"|E  +|\\n)",
    "<error>": r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Failure|NotFound|DoesNotExist)",
    "<env>": r"\$?\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b",
    "<job>": r"(?:deploy(?:ment)?|build|release|job|pipeline|workflow|rollout|provisioning)",
    "<well>": r"(?:has |was |is )?(?:succeeded|successful|(?:completed?|finished) successfully)\b",
    "<absent>": r"(?:not (?:been )?(?:set|defined|configured|provided)|missing|required|undefined|invalid|empty"
    r"|unset|unbound|be (?:set|defined|provided|configured|a |an |one ))",
}
# A line may begin with what a runner puts before it, so the combined pass looks for the rest of the pattern only.
_OPEN = re.compile(r"^(?:\^(?:\(\?:\\S\+ \+\)\?|\\s\*|\\s\+| \*| \+)?|\\b)+")
_SHORTEST, _SHORTEST_PLAIN = 8, 12  # letters


def spelled(pattern: str) -> str:
    """The pattern with its short words written out."""
    for word, meaning in WORDS.items():
        pattern = pattern.replace(word, meaning)
    return pattern


def _reliable(word: bytes) -> bool:
    """Short words and plain English ones stand in too many lines that mean nothing."""
    bare = word.strip()
    return len(bare) >= (_SHORTEST_PLAIN if bare.isalpha() and bare.islower() else _SHORTEST)


@dataclass(frozen=True)
class Wording:
    """One wording of one row, and where to look for it: `words`, or the pattern itself where no word is sure."""

    row: int
    pattern: str
    any_case: bool

    @cached_property
    def regex(self) -> re.Pattern[bytes]:
        """As Python reads it. A name at the beginning is tried where it begins, not at each of its letters."""
        once = re.sub(r"^(\(\?P<subject>(\[[^\]]+\])\+)", r"(?<!\2)\1", self.pattern)
        return re.compile(once.encode(), re.MULTILINE | (re.IGNORECASE if self.any_case else 0))

    @cached_property
    def words(self) -> frozenset[bytes]:
        found = literals(self.pattern)
        return found if found and all(map(_reliable, found)) else frozenset()

    @property
    def gate(self) -> bytes:
        """A wider pattern that is quicker to look for: without what is optional or repeated at either end."""
        wide = _OPEN.sub("", self.pattern.removeprefix(WORDS["<edge>"]))
        wide = re.sub(r"^\(\?P<subject>(\[[^\]]+\]|\\[Sw])\+\)", r"\1", wide)
        if not wide.endswith((r"\+", r"\*")):
            wide = re.sub(r"(?:[+*]|\{1,\d+\})\??(\)*)$", r"\1", wide)
        within_line = wide.replace("[^", r"[^\n")
        return (("(?i)" if self.any_case else "") + within_line).encode()


RULES: tuple[Rule, ...] = tuple(row for subject in (*SUBJECTS, *BUILDING) for row in subject.RULES)
ROWS: tuple[Rule | Outcome, ...] = (*RULES, *OUTCOMES)
LEVELLED = tuple(isinstance(row, Rule) and row.code.isupper() for row in ROWS)  # signs and outcomes have no level
SIGNS = tuple(isinstance(row, Rule) and not row.code.isupper() for row in ROWS)
UNLESS = tuple(re.compile(spelled(row.unless).encode()) if row.unless else None for row in ROWS)
WORDINGS = tuple(
    Wording(at, spelled(line.strip()), row.any_case)
    for at, row in enumerate(ROWS)
    for line in row.wordings.splitlines()
    if line.strip()
)
