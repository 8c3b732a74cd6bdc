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
BUILDING = (modules, packages, compilers, checks, settings)
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
_RELIABLE = 8  # a literal shorter than this stands in too many lines that mean nothing


def spelled(pattern: str) -> str:
    """The pattern with its short words written out."""
    for word, meaning in WORDS.items():
        pattern = pattern.replace(word, meaning)
    return pattern


@dataclass(frozen=True)
class Wording:
    """One wording of one row, and where to look for it: `words`, or the pattern itself where no word is sure."""

    row: int
    pattern: str
    any_case: bool

    @cached_property
    def regex(self) -> re.Pattern[bytes]:
        return re.compile(self.pattern.encode(), re.MULTILINE | (re.IGNORECASE if self.any_case else 0))

    @cached_property
    def words(self) -> frozenset[bytes]:
        found = literals(self.pattern)
        return found if found and min(map(len, found)) >= _RELIABLE else frozenset()

    @property
    def gate(self) -> bytes:
        """The pattern without its last repetition: the same lines, but reported once and not for every letter."""
        whole = self.pattern
        short = whole if whole.endswith((r"\+", r"\*")) else re.sub(r"(?:[+*]|\{1,\d+\})\??(\)*)$", r"\1", whole)
        return (("(?i)" if self.any_case else "") + short).encode()


RULES: tuple[Rule, ...] = tuple(row for subject in (*SUBJECTS, *BUILDING) for row in subject.RULES)
ROWS: tuple[Rule | Outcome, ...] = (*RULES, *OUTCOMES)
FAILURES = tuple(isinstance(row, Rule) and row.code.isupper() for row in ROWS)  # not signs, not outcomes
UNLESS = tuple(re.compile(spelled(row.unless).encode()) if row.unless else None for row in ROWS)
WORDINGS = tuple(
    Wording(at, spelled(line.strip()), row.any_case)
    for at, row in enumerate(ROWS)
    for line in row.wordings.splitlines()
    if line.strip()
)
