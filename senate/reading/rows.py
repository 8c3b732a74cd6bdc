"""A transcript from the rows of a session, in a bounded number of queries; its shape is in `transcript.py`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from providers.format import usd
from senate.engine.case import quorum
from senate.engine.plan import LABELS
from senate.models import OPEN_STATES, SenateCall, SenateEvent, SenateSession
from senate.reading.transcript import Call, Member, Step, Support, Totals, Transcript
from senate.reading.verdict import Verdict

FIRST = ("answer", "propose")
STEPS = {
    "solo": [("answer", "Answer")],
    "code-review": [("propose", "Propose"), ("review", "Review")],
    "senate": [("propose", "Propose"), ("review", "Review"), ("chair", "Chair")],
}
DOING = {
    "": "Starting",
    "answer": "Answering",
    "propose": "Proposing",
    "review": "Reviewing",
    "chair": "Chair is writing",
}
ENDED = {
    "done": "Done",
    "partial": "Partial",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "queued": "Waiting for a worker",
}
TOLD = ("phase.started", "phase.done", "abstention", "chair.rotated", "resolution")


@dataclass(slots=True)
class Rows:
    """All that a transcript is made of, read at one `now`."""

    session: SenateSession
    calls: list[SenateCall]
    events: list[SenateEvent]
    now: datetime

    def latest(self, phase: str, member: int) -> SenateCall | None:
        """The member's call in that phase; a repair and one of a lost worker are no calls of their own here."""
        key = f"{phase}:{member}"
        return next((call for call in self.calls if call.key == key), None)

    def first(self, member: int) -> SenateCall | None:
        return self.latest("answer", member) or self.latest("propose", member)

    def event(self, kind: str, phase: str) -> SenateEvent | None:
        return next((event for event in self.events if event.type == kind and event.phase == phase), None)

    @property
    def open(self) -> bool:
        return self.session.state in OPEN_STATES


def transcript(session_id: int) -> Transcript:
    """The session as it is now: three queries, again where a writer came between them."""
    rows = read(session_id)
    for _ in range(3):
        last_n = SenateSession.objects.values_list("last_n", flat=True).get(pk=session_id)
        if last_n == rows.session.last_n:
            break
        rows = read(session_id)
    return written(rows)


def read(session_id: int) -> Rows:
    session = SenateSession.objects.select_related("owner").get(pk=session_id)
    calls = list(session.calls.all())
    events = list(session.events.filter(type__in=TOLD))
    return Rows(session, calls, events, timezone.now())


def written(rows: Rows) -> Transcript:
    session = rows.session
    verdict = Verdict(rows, call_of)
    support = {row["member"]: row for row in verdict.support()}
    partial = partly(rows)
    return {
        "id": session.pk,
        "question": session.question,
        "mode": session.mode,
        "plan": session.plan,
        "plan_label": plan_label(session),
        "why": session.why,
        "visibility": session.visibility,
        "owner": session.owner.get_full_name() or session.owner.get_username(),
        "owner_id": session.owner_id,
        "state": session.state,  # type: ignore[typeddict-item]
        "state_label": state_label(session, partial),
        "open": rows.open,
        "cancelling": rows.open and session.cancel_requested,
        "phase": session.phase,
        "reason": "" if rows.open else session.reason,
        "partial": partial,
        "quorum": quorum(len(session.seats)),
        "created_at": iso(session.created_at),
        "started_at": iso(session.started_at),
        "finished_at": iso(session.finished_at),
        "elapsed_s": seconds(session.started_at, session.finished_at or rows.now),
        "now": iso(rows.now),
        "last_n": session.last_n,
        "steps": [step(rows, verdict, key, label) for key, label in STEPS[session.plan]],
        "members": [member(rows, index, support.get(index), verdict.chair) for index in range(len(session.seats))],
        "votes": verdict.votes(),
        "dissents": verdict.dissents(),
        "resolution": verdict.resolution(),
        "totals": totals(rows),
    }


def plan_label(session: SenateSession) -> str:
    label, members = LABELS[session.plan], len(session.seats)  # type: ignore[index]
    return label if session.plan == "solo" else f"{label}, {members} members"


def state_label(session: SenateSession, partial: str) -> str:
    if session.state == "running":
        return DOING[session.phase]
    return f"Partial: {partial}" if session.state == "partial" and partial else ENDED[session.state]


def partly(rows: Rows) -> str:
    """ "4 of 5 members" once one is lost; empty before, and in solo."""
    lost = sum(bool((call := rows.first(m)) and call.state in LOST) for m in range(len(rows.session.seats)))
    members = len(rows.session.seats)
    return f"{members - lost} of {members} members" if lost and members > 1 else ""


LOST = ("failed", "timed_out", "cancelled")


def call_of(rows: Rows, call: SenateCall | None) -> Call | None:
    if call is None:
        return None
    ballot = call.phase == "review" and rows.session.plan == "senate"
    return {
        "key": call.key,
        "phase": call.phase,  # type: ignore[typeddict-item]
        "member": call.member,
        "state": call.state,  # type: ignore[typeddict-item]
        "text": "" if ballot else call.text,
        "error": call.error,
        "error_code": call.error_code,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "tokens": call.input_tokens + call.output_tokens,
        "cost_usd": usd(call.cost_usd),
        "estimated": call.estimated,
        "log_id": str(call.log_id or ""),
        "started_at": iso(call.started_at),
        "finished_at": iso(call.finished_at),
        "elapsed_s": seconds(call.started_at, call.finished_at or rows.now),
        "timeout_s": settings.SENATE_TIMEOUT_SECONDS,
    }


def member(rows: Rows, index: int, support: Support | None, chair: int | None) -> Member:
    seat, own = rows.session.seats[index], [call for call in rows.calls if call.member == index]
    first = rows.first(index)
    state = first.state if first else ("waiting" if rows.open else "cancelled")
    return {
        "index": index,
        "provider": seat["provider"],
        "model": seat["model"],
        "name": seat["name"],
        "monogram": seat["monogram"],
        "slot": seat["slot"],
        "mock": seat["provider"] == "mock",
        "state": state,  # type: ignore[typeddict-item]
        "call": call_of(rows, first),
        "review": call_of(rows, rows.latest("review", index)),
        "chairs": index == chair,
        "support": support,
        "tokens": sum(call.input_tokens + call.output_tokens for call in own),
        "cost_usd": usd(sum((call.cost_usd for call in own), start=Decimal(0))),
        "estimated": any(call.estimated for call in own),
    }


def step(rows: Rows, verdict: Verdict, key: str, label: str) -> Step:
    started, done = rows.event("phase.started", key), rows.event("phase.done", key)
    keys = {f"{key}:{m}" for m in range(len(rows.session.seats))}
    calls = [call for call in rows.calls if call.key in keys]
    finished = sum(call.state == "done" for call in calls)
    state = "done" if done else "running" if started and rows.open else "waiting" if rows.open else "skipped"
    total = started.data["total"] if started else len(verdict.seats) if key != "chair" else 1
    ends = done.at if done else rows.session.finished_at or rows.now
    count = verdict.ballots_in if key == "review" and rows.session.plan == "senate" else finished
    return {
        "key": key,  # type: ignore[typeddict-item]
        "label": label,
        "state": state,  # type: ignore[typeddict-item]
        "done": count,
        "failed": sum(call.state in LOST for call in calls),
        "total": total,
        "note": note(rows, verdict, key, count, total) if started else "",
        "started_at": iso(started.at if started else None),
        "elapsed_s": seconds(started.at, ends) if started else 0.0,
    }


def note(rows: Rows, verdict: Verdict, key: str, count: int, total: int) -> str:
    """What the stepper says beside the step's name."""
    match key:
        case "answer":
            return ""
        case "propose":
            return f"{count} of {total} done"
        case "review":
            return f"{count} of {total} {'ballots' if rows.session.plan == 'senate' else 'reviews'}"
    nth = {1: "1st", 2: "2nd", 3: "3rd"}.get(verdict.attempt, f"{verdict.attempt}th")
    return f"{nth} of {len(verdict.chairs)} chairs"


def totals(rows: Rows) -> Totals:
    session = rows.session
    spent = sum((call.cost_usd for call in rows.calls), start=Decimal(0))
    left = Decimal(0) if rows.open else max(Decimal(0), session.quoted_usd - spent)
    members = len(session.seats)
    planned = {"solo": 1, "code-review": 2 * members, "senate": 2 * members + 1}[session.plan]
    return {
        "calls": len(rows.calls),
        "planned": planned,
        "tokens": sum(call.input_tokens + call.output_tokens for call in rows.calls),
        "spent_usd": usd(spent),
        "estimated": any(call.estimated for call in rows.calls),
        "quoted_usd": usd(session.quoted_usd),
        "quoted_tokens": session.quoted_tokens,
        "released_usd": usd(left),
    }


def iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def seconds(since: datetime | None, until: datetime | None) -> float:
    return round((until - since).total_seconds(), 1) if since and until else 0.0
