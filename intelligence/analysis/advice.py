"""What a model is asked about a log, and what is left of its answer once every quote has been looked up. Pure.

A model's word counts only with a quote that stands in the log; without one it is a hypothesis and is called so.
No confidence is taken from a model: a class that the rules also found has theirs, another one UNCONFIRMED.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, Field

from intelligence.analysis.quotes import Checked, Claim, check_quotes
from intelligence.rules.classes import BY_CODE, CLASSES
from intelligence.rules.types import Analysis

UNCONFIRMED = 0.5  # its quote is in the log, but no rule knows it
PIECE, OVERLAP = 1 << 20, 16_384  # characters; a quote is far shorter than the overlap
MOST = 12  # of each list that a model may give

SYSTEM = (
    "You explain failed deployments. You get lines of one log and what fixed rules found in them. Say which "
    "failure class is the root cause, in one plain sentence why, and what to do next, concretely. Copy a quote, "
    "letter by letter and within one line, from the log for every claim; leave it empty where there is none. "
    "If nothing failed, set healthy to true and leave the lists empty. Failure classes: "
    + ", ".join(one.code for one in CLASSES)
    + "."
)


class Evidence(BaseModel):
    statement: str = Field(max_length=600)
    code: str = Field(max_length=60, description="a failure class, or empty")
    quote: str = Field(max_length=600)


class Step(BaseModel):
    text: str = Field(max_length=600)
    quote: str = Field(max_length=600)


class Said(BaseModel):
    """A model's answer, as it is asked for."""

    healthy: bool
    code: str = Field(max_length=60, description="the failure class of the root cause, or empty")
    cause: str = Field(max_length=600, description="one sentence")
    quote: str = Field(max_length=600, description="the line that shows the cause")
    evidence: list[Evidence] = Field(max_length=MOST)
    recommendations: list[Step] = Field(max_length=MOST)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a provider is asked about. `excerpt`: the reduced, redacted log. `session_id` groups its usage rows,
    `service`: the id of the one that they are for."""

    name: str
    findings: Analysis
    excerpt: str
    session_id: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """A provider's answer. `source`: ai, or local with the reason in `fallback` where a model was to answer."""

    provider: str
    source: str = "local"
    said: Said | None = None
    model: str = ""
    log_id: str = ""
    fallback: str = ""


def quotes_in(claims: Sequence[Claim], chunks: Iterable[bytes]) -> list[Checked]:
    """`check_quotes` over a log that is larger than memory."""
    found = [Checked(claim, None) for claim in claims]
    for first_line, text in _pieces(chunks):
        open_ = [at for at, one in enumerate(found) if one.hypothesis]
        if not open_:
            break
        for at, one in zip(open_, check_quotes([claims[at] for at in open_], text), strict=True):
            if one.lines:
                begin, end = one.lines
                found[at] = replace(one, lines=(begin + first_line - 1, end + first_line - 1))
    return found


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(first line, text), each beginning with the last lines of the one before."""
    held, line, fresh = b"", 1, 0
    for chunk in chunks:
        held, fresh = held + chunk, fresh + len(chunk)
        if fresh < PIECE:
            continue
        yield line, held
        keep = held.rfind(b"\n", 0, max(0, len(held) - OVERLAP)) + 1
        line, held, fresh = line + held.count(b"\n", 0, keep), held[keep:], 0
    if held:
        yield line, held


def claims_of(said: Said) -> list[Claim]:
    """In the order in which `merged` reads them: the cause, the evidence, the steps."""
    return [
        Claim(said.cause, said.quote),
        *(Claim(one.statement, one.quote) for one in said.evidence),
        *(Claim(one.text, one.quote) for one in said.recommendations),
    ]


def merged(findings: Analysis, said: Said, checked: Sequence[Checked], mode: str) -> dict[str, Any]:
    """The answer as plain values. `mode` ai: the model's view alone; hybrid: the rules' and the model's."""
    cause, evidence = checked[0], checked[1 : 1 + len(said.evidence)]
    steps = checked[1 + len(said.evidence) :]
    rules = findings.as_dict()
    known = {one["code"]: one for one in rules["patterns"]}
    named = [(said.code, cause), *((one.code, check) for one, check in zip(said.evidence, evidence, strict=True))]
    patterns = list(rules["patterns"]) if mode == "hybrid" else []
    for code, check in named:
        if check.lines and code in BY_CODE and code not in {one["code"] for one in patterns}:
            patterns.append(_pattern(code, check, known.get(code), first=not patterns))
    primary = _primary(patterns, said.code, findings, mode)
    told = bool(cause.lines) and (said.code == primary or primary is None)
    doubts = [check.claim.statement for check in (cause, *evidence) if check.hypothesis and check.claim.statement]
    return {
        **rules,
        "healthy": not patterns and (said.healthy or mode == "hybrid"),
        "primary": primary,
        "patterns": [one | {"role": _role(one, primary)} for one in patterns],
        "cause": said.cause if told else _own_cause(findings, mode, primary, healthy=said.healthy),
        "evidence": [_told(check) for check in (cause, *evidence) if check.lines],
        "hypotheses": [] if said.healthy and not patterns else doubts,
        "recommendations": advised(findings, steps, mode),
    }


def advised(findings: Analysis, steps: Sequence[Checked], mode: str) -> list[dict[str, Any]]:
    """What to do, the model's before the rules'; each with its source, and the lines that say why."""
    said = [_told(step) for step in steps if step.claim.statement]
    model = [{"text": one.pop("statement"), "source": "ai", **one} for one in said]
    return [*model, *(local(findings) if mode != "ai" else [])]


def local(findings: Analysis) -> list[dict[str, Any]]:
    """The rules' steps; what decided them is the primary pattern's line."""
    lines, quote = (
        (list(findings.patterns[0].lines), findings.patterns[0].quote) if findings.patterns else (None, "")
    )
    return [{"text": text, "source": "local", "lines": lines, "quote": quote} for text in findings.recommendations]


def _told(check: Checked) -> dict[str, Any]:
    lines, quote = (list(check.lines), check.claim.quote) if check.lines else (None, "")
    return {"statement": check.claim.statement, "lines": lines, "quote": quote}


def _pattern(code: str, check: Checked, rule: dict[str, Any] | None, *, first: bool) -> dict[str, Any]:
    empty = {"subject": "", "count": 1, "first_time": "", "last_time": "", "role": "primary" if first else "also"}
    found = {"code": code, "lines": list(check.lines or ()), "quote": check.claim.quote, "by": "ai"}
    return {**empty, **found, "confidence": rule["confidence"] if rule else UNCONFIRMED}


def _role(pattern: dict[str, Any], primary: str | None) -> str:
    if pattern["code"] == primary:
        return "primary"
    return "also" if pattern["role"] == "primary" else str(pattern["role"])


def _primary(patterns: list[dict[str, Any]], code: str, findings: Analysis, mode: str) -> str | None:
    codes = [one["code"] for one in patterns]
    if mode == "hybrid" and findings.primary:
        return findings.primary
    return code if code in codes else (codes[0] if codes else None)


def _own_cause(findings: Analysis, mode: str, primary: str | None, *, healthy: bool) -> str:
    if mode == "hybrid":
        return findings.cause
    if primary:
        return BY_CODE[primary].plain
    return "Nothing found." if healthy else "No claim of the model has a quote that stands in the log."
