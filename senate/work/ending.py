"""How a session ends: what its open calls cost is told as the ledger has it, and the rest is freed."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils import timezone

from providers import ledger
from providers.runtime.desk import new_token
from providers.runtime.hop import hop
from senate.engine.case import Event
from senate.models import SenateCall, SenateSession
from senate.work import recovery, store
from senate.work.recorder import shown
from senate.work.scribe import SCRIBE
from senate.work.store import CallChange, Entry, LeaseLost


@dataclass(slots=True)
class Cut:
    """Calls that are open when their session ends: what is said of each, and its row."""

    events: list[Event] = field(default_factory=list)
    changes: list[CallChange] = field(default_factory=list)
    usd: Decimal = Decimal(0)
    tokens: int = 0


async def of(
    session: SenateSession, state: str, reason: str
) -> tuple[list[Event], list[CallChange], dict[str, Any]]:
    """(last events, ends of its open calls, the session's last values). Nothing is held for it afterwards."""
    cut = await _cut_off(session, reason)  # first: what was lost is booked against what is held
    totals = await hop(store.totals, session.pk, cut.usd, cut.tokens)
    for held in await hop(recovery.holds_of, session):
        await ledger.release(held)
    kind = "session.done" if state in {"done", "partial"} else f"session.{state}"
    last = Event(kind, data={"state": state, "reason": reason, **totals})
    return [*cut.events, last], cut.changes, store.closing(state, reason)


async def _cut_off(session: SenateSession, reason: str) -> Cut:
    cut = Cut()
    for call in await hop(store.open_calls, session.pk):
        usage = await recovery.booked(session, call)
        note, log_id = recovery.note_of(usage), str(usage[-1].pk) if usage else ""
        ends = {"state": "cancelled", "error": reason, "error_code": "cancelled", "finished_at": timezone.now()}
        cut.changes.append(CallChange(call.key, {**ends, "log_id": log_id or None, **note}))
        cut.events.append(_told(call, reason, {**shown(note), "log_id": log_id}))
        cut.usd += note["cost_usd"]
        cut.tokens += note["input_tokens"] + note["output_tokens"]
    return cut


def _told(call: SenateCall, reason: str, figures: dict[str, Any]) -> Event:
    begun = call.started_at or timezone.now()
    data = {
        "key": call.key,
        "elapsed_s": round((timezone.now() - begun).total_seconds(), 1),
        "state": "cancelled",
        "error": reason,
        "code": "cancelled",
        **figures,
    }
    return Event("call.failed", call.phase, call.member, data)


async def end_unworked(session_id: int, state: str, reason: str) -> bool:
    """Ends a session that nobody works on; what a lost worker had asked is booked. False where somebody does.

    Errors: LedgerUnavailable, and those of the database; then the reaper tries again once its claim runs out.
    """
    session = await hop(store.claim, session_id, new_token())
    if session is None:
        return False
    events, calls, values = await of(session, state, reason)
    try:
        await SCRIBE.write(Entry(session_id, session.claimed_by, events, calls, values))
    except LeaseLost:
        return False
    return True
