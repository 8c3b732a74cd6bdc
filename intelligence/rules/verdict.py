"""Weighs what was found: what was taken back by a good end, what is the reason, and what only follows from it."""

from dataclasses import dataclass

from intelligence.rules import confidence, levels
from intelligence.rules.classes import BY_CODE, RANK, SYMPTOMS
from intelligence.rules.rows.outcomes import FETCHING, WAITING
from intelligence.rules.scan import Findings, Found
from intelligence.rules.table import ROWS
from intelligence.rules.types import Hit, Outcome, Pattern, Role, Rule

EVERYTHING = ""
GENERAL, ANY = "UNHANDLED_EXCEPTION", "any other"
# A class says nothing of its own where all its lines also speak of the other one, which knows more.
NARROWER = {
    GENERAL: ANY,
    "PERMISSION_DENIED": "EXEC_FAILED",
    "SERVICE_UNREACHABLE": "UPSTREAM_5XX",
    "NETWORK_TIMEOUT": "DB_CONNECTION_TIMEOUT",
    "DB_CONNECTION_REFUSED": "DB_CONNECTION_TIMEOUT",
}
# A test suite shows errors of all kinds on purpose; only these are a better reason than the failing test itself.
BEYOND_TESTS = frozenset(
    {
        "OOM_KILLED",
        "DISK_FULL",
        "HEAP_EXHAUSTED",
        "PROCESS_CRASH",
        "MISSING_MODULE",
        "COMPILE_ERROR",
        "DB_CONNECTION_REFUSED",
        "DB_CONNECTION_TIMEOUT",
        "DEPENDENCY_FAILED",
    }
)
# Package managers say softly why a fetch failed and loudly that it did.
FETCHED = frozenset({"DEPENDENCY_FAILED", "IMAGE_PULL_FAILED"})
_SURE = 0.6  # below it a wording only counts where nothing better is there, and the log ends badly
CERTAIN = frozenset({"PROCESS_CRASH"})  # something died; only why is a guess
_MOVED_ON = 3  # lines after a warning that was only about waiting
_CHAIN = 200  # lines within which "caused by" belongs to the same trace


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one class: hits by row, and whether a later good line spoke against it."""

    code: str
    found: tuple[tuple[Rule, list[Hit], int], ...]
    healed: bool

    @property
    def lines(self) -> frozenset[int]:
        return frozenset(hit.line for _, hits, _ in self.found for hit in hits)

    @property
    def sure(self) -> float:
        return max(rule.sure for rule, _, _ in self.found)

    @property
    def level(self) -> int:
        return max(hit.level for _, hits, _ in self.found for hit in hits)


@dataclass(frozen=True, slots=True)
class Ends:
    """Last line of each good end by the class it heals, and of the last bad end."""

    good: dict[str, int]
    bad: int
    bad_hit: Hit | None

    def healed_until(self, code: str) -> int:
        return max(self.good.get(EVERYTHING, 0), self.good.get(code, 0))

    @property
    def badly(self) -> bool:
        return self.bad > self.healed_until(GENERAL)


def patterns(findings: Findings) -> list[Pattern]:
    """The failure classes in the log, the primary one first; none where the log is healthy."""
    ends = _ends(findings)
    evidence = _live(findings, ends)
    if not ends.badly:
        evidence = [one for one in evidence if one.code in CERTAIN or one.sure >= _SURE]
    if not ends.badly and all(_only_waited(one, findings) for one in evidence):
        evidence = []
    if not evidence and ends.badly:
        evidence = _live(findings, Ends({}, ends.bad, ends.bad_hit), healed=True)
    if not evidence:
        return [_unknown(ends.bad_hit)] if ends.badly and ends.bad_hit else []
    ordered = sorted(evidence, key=lambda one: _place(one, {e.code for e in evidence if e.level > 1}))
    chain = _lines(findings, "chain")
    return [_pattern(one, at, ordered[0], ends, chain) for at, one in enumerate(ordered)]


def _ends(findings: Findings) -> Ends:
    good: dict[str, int] = {}
    bad, bad_hit = 0, None
    for number, found in findings.rows.items():
        row = ROWS[number]
        if not isinstance(row, Outcome) or found.last is None:
            continue
        if row.good:
            for code in row.heals or {EVERYTHING}:
                good[code] = max(good.get(code, 0), found.last.line)
        elif found.last.line > bad:
            bad, bad_hit = found.last.line, found.last
    return Ends(good, bad, bad_hit)


def _live(findings: Findings, ends: Ends, *, healed: bool = False) -> list[Evidence]:
    rules = {number: row for number, row in enumerate(ROWS) if isinstance(row, Rule) and number in findings.rows}
    seen = {row.code for row in rules.values()}
    served = min(_lines(findings, "served"), default=0)
    by_code: dict[str, list[tuple[Rule, list[Hit], int]]] = {}
    for number, rule in rules.items():
        found = findings.rows[number]
        if rule.code in BY_CODE and _believed(rule, found, seen):
            hits = _standing(rule, found, ends, served)
            if hits:
                by_code.setdefault(rule.code, []).append((rule, hits, found.count))
    evidence = [Evidence(code, tuple(found), healed) for code, found in by_code.items()]
    lines = {one.code: one.lines for one in evidence}
    lines[ANY] = frozenset().union(*(one.lines for one in evidence if one.code != GENERAL))
    return [one for one in evidence if not one.lines <= lines.get(NARROWER.get(one.code, ""), frozenset())]


def _only_waited(one: Evidence, findings: Findings) -> bool:
    """Warnings about something that was not there yet, after which the log went on: it was there in the end."""
    last = max(hit.line for _, hits, _ in one.found for hit in hits)
    return one.code in WAITING and one.level < 2 and findings.lines - last >= _MOVED_ON


def _believed(rule: Rule, found: Found, seen: set[str]) -> bool:
    if found.count < rule.at_least or (rule.needs and rule.needs not in seen):
        return False
    return not (rule.but_not and seen & set(rule.but_not.split("|")))


def _standing(rule: Rule, found: Found, ends: Ends, served: int) -> list[Hit]:
    """The hits that are loud enough and that no later good line took back."""
    until = ends.healed_until(rule.code)
    loud_enough = levels.WARNING if ends.badly or rule.code in WAITING else levels.ERROR
    hits = [hit for hit in found.all if _loud(rule, hit) >= loud_enough and hit.line > until]
    waited = rule.code in {"UPSTREAM_5XX", "HEALTH_CHECK_FAILED"} and hits and hits[-1].line < served
    return [] if waited else hits


def _place(one: Evidence, loud: set[str]) -> tuple[int, int, int]:
    """Smaller is nearer to the root: no symptom, said loudly and surely, early in the order of causes."""
    noise = "TEST_FAILURE" in loud and one.code not in BEYOND_TESTS and one.code != "TEST_FAILURE"
    hidden = one.code in FETCHING and loud & FETCHED
    return (one.code in SYMPTOMS or noise, not hidden and (one.level < 2 or one.sure < _SURE), RANK[one.code])


def _pattern(one: Evidence, at: int, primary: Evidence, ends: Ends, chain: list[int]) -> Pattern:
    rule, hits, _ = max(one.found, key=lambda found: (max(_loud(found[0], h) for h in found[1]), found[0].sure))
    loudest = max(_loud(rule, h) for h in hits)
    hit = _end_of_chain([h for h in hits if _loud(rule, h) == loudest], chain)
    score = confidence.derived(
        [rule.sure for rule, _, _ in one.found],
        quiet=hit.level < 2 and not rule.any_level,
        healed=one.healed,
        confirmed=ends.badly and not at,
    )
    times = sorted(h.time for _, hits, _ in one.found for h in hits if h.time)
    subject = hit.subject or next((h.subject for _, hits, _ in one.found for h in hits if h.subject), "")
    return Pattern(
        code=one.code,
        confidence=confidence.calibrated(score),
        lines=(hit.line, hit.line),
        quote=hit.quote,
        subject=subject,
        count=max(count for _, _, count in one.found),
        first_time=times[0] if times else "",
        last_time=times[-1] if times else "",
        role=_role(one, at, primary),
        about=rule.about,
    )


def _loud(rule: Rule, hit: Hit) -> int:
    """How much a hit counts: rows may take warnings for errors; supervisors speak of deaths as information."""
    if (hit.level == levels.WARNING and rule.any_level) or (hit.level == levels.CALM and rule.even_calm):
        return levels.ERROR
    return hit.level


def _role(one: Evidence, at: int, primary: Evidence) -> Role:
    if not at:
        return "primary"
    return "symptom" if one.code in SYMPTOMS or RANK[one.code] > RANK[primary.code] else "also"


def _end_of_chain(hits: list[Hit], chain: list[int]) -> Hit:
    """The first hit, or the one that its trace leads to: the reason stands at the end of a chain."""
    hit = hits[0]
    for following in hits[1:]:
        linked = any(hit.line < line <= following.line for line in chain)
        if not linked or following.line - hit.line > _CHAIN:
            break
        hit = following
    return hit


def _lines(findings: Findings, sign: str) -> list[int]:
    rows = [found for number, found in findings.rows.items() if _code(number) == sign]
    return sorted(hit.line for found in rows for hit in found.all)


def _code(number: int) -> str:
    row = ROWS[number]
    return row.code if isinstance(row, Rule) else ""


def _unknown(hit: Hit) -> Pattern:
    """It ended badly, and no row knows why."""
    low = confidence.calibrated(0.3)
    return Pattern(
        "UNHANDLED_EXCEPTION", low, (hit.line, hit.line), hit.quote, "", 1, hit.time, hit.time, "primary"
    )
