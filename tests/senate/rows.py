"""Sessions written row by row, as a worker writes them, so that a viewer's side can be tested alone."""

from django.utils import timezone

from senate.engine.case import Event
from senate.models import SenateSession
from senate.work import store
from senate.work.store import CallChange, Entry

SEATS = [
    {"provider": "openai", "model": "gpt-5.1", "name": "OpenAI", "monogram": "OA", "slot": 1},
    {"provider": "claude", "model": "claude-sonnet-5", "name": "Claude", "monogram": "CL", "slot": 2},
    {"provider": "mistral", "model": "mistral-large-3", "name": "Mistral", "monogram": "MI", "slot": 3},
]
TOKEN = "a test"


def running(owner, plan="senate", seats=SEATS, **fields):
    """A session that a worker has just begun."""
    given = {"question": "Raise the pool or roll back?", "phase": "", "quoted_usd": "0.148", **fields}
    return SenateSession.objects.create(
        owner=owner,
        plan=plan,
        seats=seats,
        state="running",
        claimed_by=TOKEN,
        started_at=timezone.now(),
        **given,
    )


def write(session, *events, calls=(), **fields):
    assert store.commit([Entry(session.pk, TOKEN, list(events), list(calls), fields)]) == [True]


def text(session, member, words, offset=0, phase="propose"):
    key = f"{phase}:{member}"
    write(session, Event("call.text", phase, member, {"key": key, "offset": offset, "text": words}))


def begin(session, member, phase="propose"):
    """A member's call has been sent."""
    key = f"{phase}:{member}"
    row = {"phase": phase, "member": member, "state": "writing", "started_at": timezone.now()}
    event = Event("call.started", phase, member, {"key": key, "timeout_s": 180.0, "again": False})
    write(session, event, calls=[CallChange(key, row, create=True)])


def done(session, member, words, phase="propose", **fields):
    """A member's call has come to its end with that text (and, for a ballot, that data)."""
    key = f"{phase}:{member}"
    row = {"state": "done", "text": words, "output_tokens": 40, "cost_usd": "0.0098", **fields}
    row["finished_at"] = timezone.now()
    figures = {"input_tokens": 0, "output_tokens": 40, "cost_usd": "0.0098", "estimated": False}
    write(session, Event("call.done", phase, member, {"key": key, **figures}), calls=[CallChange(key, row)])


def phase(session, name, total, finished=False):
    kind = "phase.done" if finished else "phase.started"
    data = {"label": name.capitalize(), "total": total, "done": total, "failed": 0}
    write(session, Event(kind, name, None, data), phase=name)


def ballot(session, reviewer, verdicts):
    """`verdicts`: {proposal: (agrees, reason)}"""
    votes = [{"proposal": p, "agree": agree, "reason": why} for p, (agree, why) in verdicts.items()]
    done(session, reviewer, "", "review", data={"votes": votes, "ranking": list(verdicts)})
    for vote in votes:
        write(session, Event("vote", "review", reviewer, {"reviewer": reviewer, **vote}))


def ended(session, state="done", reason=""):
    data = {"state": state, "reason": reason, "spent_usd": "0.02", "tokens": 80}
    fields = {"state": state, "reason": reason, "finished_at": timezone.now()}
    write(session, Event("session.done", "", None, data), **fields)


def deliberated(owner, **words):
    """A whole Senate of three: the third dissents, the second chairs. `words` replaces texts by name."""
    session = running(owner)
    phase(session, "propose", 3)
    for member in range(3):
        begin(session, member)
        done(session, member, words.get("proposal", f"Proposal of seat {member}."))
    phase(session, "propose", 3, finished=True)
    phase(session, "review", 3)
    reason = words.get("reason", "It names the cause.")
    for member in range(3):
        begin(session, member, "review")
        others = [other for other in range(3) if other != member]
        ballot(session, member, {other: (2 not in (member, other), reason) for other in others})
    phase(session, "review", 3, finished=True)
    phase(session, "chair", 1)
    begin(session, 1, "chair")
    resolution = words.get("resolution", "Roll back now.\n\n```python\nx = 1\n```")
    answers = {"2": words.get("answer", "The pool is no cure.")}
    done(session, 1, resolution, "chair", data={"resolution": resolution, "answers": answers})
    phase(session, "chair", 1, finished=True)
    told = Event("resolution", "chair", 1, {"state": "written", "member": 1, "text": resolution})
    write(session, told, resolution=resolution, chair=1)
    ended(session)
    session.refresh_from_db()
    return session
