"""A transcript from the rows of a session, in a bounded number of queries; its shape is in `transcript.py`."""

from decimal import Decimal

from providers.format import usd
from senate.engine.case import quorum
from senate.engine.plan import LABELS
from senate.models import SenateSession
from senate.reading.replay import as_of
from senate.reading.sheet import LOST, Rows, call_of, iso, read, seconds
from senate.reading.transcript import Member, Step, Support, Totals, Transcript
from senate.reading.verdict import Verdict

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


def transcript(session_id: int, at: int | None = None) -> Transcript:
    """The session as it is now, or as it was right after event `at`: three queries, again where a writer came
    between them; one more for the past."""
    rows = read(session_id)
    for _ in range(3):
        last_n = SenateSession.objects.values_list("last_n", flat=True).get(pk=session_id)
        if last_n == rows.session.last_n:
            break
        rows = read(session_id)
    return written(rows if at is None else as_of(rows, at))


def written(rows: Rows) -> Transcript:
    session = rows.session
    verdict = Verdict(rows)
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
