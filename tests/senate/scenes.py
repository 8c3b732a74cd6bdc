"""A session in each state that a reader can meet, hard to set: five seats, long names, wide code."""

from senate.engine.case import Event
from senate.models import SenateSession
from senate.work.store import CallChange
from tests.senate import rows
from tests.senate.rows import ballot, begin, done, ended, phase, running, text, write

NAMES = (
    ("openai", "gpt-5.1", "OpenAI", "OA", 1),
    ("claude", "claude-sonnet-5", "Claude", "CL", 2),
    ("mistral", "mistral-large-3", "Mistral", "MI", 3),
    ("openrouter", "deepseek/deepseek-r1-distill-qwen-32b:free", "OpenRouter", "OR", 4),
    ("groq", "llama-4-maverick-17b-128e-instruct", "Groq", "GQ", 5),
)
FIVE = [dict(zip(("provider", "model", "name", "monogram", "slot"), name, strict=True)) for name in NAMES]
QUESTION = (
    "Checkout p99 rose from 180 ms to 2.4 s after deployment a41f9c2 of checkout-api-7d4b9c6f5d-x2v8q. Raise the "
    "pool to 40, or roll back?"
)
PROPOSAL = (
    "Roll back a41f9c2 now, then raise the pool in steps.\n\n1. Every request opens a second transaction.\n"
    "2. A larger pool moves the queue to PostgreSQL.\n\n```sql\nSELECT pid, state, wait_event FROM "
    "pg_stat_activity WHERE datname = 'orders' AND state <> 'idle' ORDER BY query_start;\n```\n\n"
    "| option | risk | undone in |\n"
    "|---|---|---|\n| roll back | loses the new discount | 3 min |\n"
    "| raise the pool | moves the queue | 10 min |\n\n"
    "See https://runbooks.example.org/checkout/connections/when-the-pool-is-exhausted-and-nothing-else-helps"
)
REASON = "Right about the second transaction, but it says nothing of what the larger pool does to PostgreSQL."


def scenes(owner) -> dict[str, SenateSession]:
    """Name of the scene -> its session."""
    return {
        "waiting": waiting(owner),
        "writing": writing(owner),
        "reviewing": reviewing(owner),
        "rotating": rotating(owner),
        "done": deliberated(owner),
        "partial": deliberated(owner, lost=True),
        "nobody chairs": leading(owner),
        "failed": failed(owner),
        "solo": solo(owner),
    }


def begun(owner, plan="senate", seats=FIVE) -> SenateSession:
    return running(owner, plan, seats, question=QUESTION, why="5 members can sit, so they deliberate as a Senate.")


def lose(session, member, state, why, phase="propose", **fields) -> None:
    done(session, member, "", phase, state=state, error=why, error_code="upstream_unavailable", **fields)


def waiting(owner) -> SenateSession:
    session = begun(owner)
    phase(session, "propose", 5)
    for member in range(5):
        begin(session, member)
    return session


def writing(owner) -> SenateSession:
    """One done, one writing, one without a word yet, one failed, one timed out."""
    session = waiting(owner)
    done(session, 0, PROPOSAL)
    words = "Raise the pool to 40 first, then look for locks."
    text(session, 1, words)
    write(session, calls=[CallChange("propose:1", {"text": words})])
    lose(session, 3, "failed", "OpenRouter answered 502: upstream connect error or disconnect before headers.")
    lose(session, 4, "timed_out", "No answer within 180 s. The call was cancelled.", output_tokens=96)
    return session


def reviewing(owner, lost=False) -> SenateSession:
    """Two of the ballots are in, one member abstained."""
    session = begun(owner)
    phase(session, "propose", 5)
    for member in range(5):
        begin(session, member)
        if member == 4 and lost:
            lose(session, 4, "timed_out", "No answer within 180 s. The call was cancelled.", output_tokens=96)
        else:
            done(session, member, PROPOSAL)
    phase(session, "propose", 5, finished=True)
    members = range(4 if lost else 5)
    phase(session, "review", len(members))
    for member in members:
        begin(session, member, "review")
    for member in (0, 1):
        ballot(session, member, {o: ((member, o) != (1, 0), REASON) for o in members if o != member})
    why = "Its ballot could not be read: it names no proposal."
    lose(session, 3, "failed", why, "review")
    write(session, Event("abstention", "review", 3, {"reviewer": 3, "why": why}))
    return session


def chairing(owner, lost=False) -> SenateSession:
    session = reviewing(owner, lost)
    for member in (2,) if lost else (2, 4):
        ballot(session, member, {o: (o != 0, REASON) for o in range(4 if lost else 5) if o != member})
    phase(session, "review", 4 if lost else 5, finished=True)
    phase(session, "chair", 1)
    begin(session, 1, "chair")
    return session


def turned(session, chair, to) -> None:
    lose(session, chair, "failed", "Claude answered 502.", "chair", text="Roll back first, th")
    data = {"from": chair, "to": to, "why": "Claude answered 502.", "after_s": 31.4, "key": f"chair:{chair}"}
    write(session, Event("chair.rotated", "chair", chair, data))


def rotating(owner) -> SenateSession:
    """The first chair failed half-way, the second one is writing."""
    session = chairing(owner)
    turned(session, 1, 2)
    begin(session, 2, "chair")
    words = "Roll back a41f9c2 now. Three of four members find"
    text(session, 2, words, phase="chair")
    write(session, calls=[CallChange("chair:2", {"text": words})])
    return session


def deliberated(owner, lost=False) -> SenateSession:
    """Ended, after a rotation; one dissent is answered, another is not."""
    session = chairing(owner, lost)
    turned(session, 1, 2)
    begin(session, 2, "chair")
    answers = {"1": "The pool is no cure: it moves the queue."}
    done(session, 2, PROPOSAL, "chair", data={"resolution": PROPOSAL, "answers": answers})
    phase(session, "chair", 1, finished=True)
    told = Event("resolution", "chair", 2, {"state": "written", "member": 2, "text": PROPOSAL})
    write(session, told, resolution=PROPOSAL, chair=2)
    ended(session, *(("partial", "4 of 5 members: Groq timed out.") if lost else ("done", "")))
    return again(session)


def leading(owner) -> SenateSession:
    session = chairing(owner)
    turned(session, 1, None)
    told = Event("resolution", "chair", 0, {"state": "leading", "member": 0, "text": PROPOSAL})
    write(session, told, resolution=PROPOSAL)
    ended(session, "partial", "No chair could write a resolution.")
    return again(session)


def failed(owner) -> SenateSession:
    session = waiting(owner)
    for member in range(5):
        lose(session, member, "failed", f"{FIVE[member]['name']} answered 500: internal error.")
    ended(session, "failed", "No member answered. " + " ".join(f"{s['name']}: it answered 500." for s in FIVE))
    return again(session)


def solo(owner, **of) -> SenateSession:
    session = running(owner, "solo", FIVE[:1], question=QUESTION, **of)
    phase(session, "answer", 1)
    begin(session, 0, "answer")
    done(session, 0, PROPOSAL, "answer")
    write(session, resolution=PROPOSAL)
    ended(session)
    return again(session)


def compared(session) -> None:
    """Three of its members were asked alone."""
    for seat in range(3):
        alone = solo(session.owner, compares=session, compares_seat=seat)
        SenateSession.objects.filter(pk=alone.pk).update(seats=[FIVE[seat]])


def again(session) -> SenateSession:
    assert session.claimed_by == rows.TOKEN
    session.refresh_from_db()
    return session
