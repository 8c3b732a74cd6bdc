"""Going on where a lost worker stopped: its finished calls are taken, its open ones are booked and set aside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.utils import timezone

from providers import ledger
from providers.models import AIUsageLog, Reservation
from providers.money.own_prices import OwnPrices
from providers.runtime.hop import hop
from providers.types import Usage
from senate.engine.case import Event, Outcome
from senate.engine.purse import Amount, Purse
from senate.models import SenateCall, SenateSession
from senate.quote import case_of, own_prices, planned_calls
from senate.work import store
from senate.work.recorder import shown
from senate.work.scribe import SCRIBE
from senate.work.store import OPEN_CALLS, CallChange, Entry

LOST = "The worker that made this call was lost before its answer was stored. It is asked again."
NOTHING: dict[str, Any] = {"input_tokens": 0, "output_tokens": 0, "cost_usd": Decimal(0), "estimated": False}
RESERVE_FOR_S = 90.0


@dataclass(slots=True)
class Left:
    """What the last worker left: outcomes by key, and the keys of calls that are made again."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    asked_before: set[str] = field(default_factory=set)


async def book_lost(session: SenateSession, token: str) -> Left:
    """Books each call that was under way, once: as the ledger knows it, else as `unknown` at its worst case."""
    left = Left()
    for call in await hop(_calls, session.pk):
        if call.state in OPEN_CALLS:
            left.asked_before.add(call.key)
            await _set_aside(session, token, call)
        elif call.error_code == "worker_lost":
            left.asked_before.add(call.key.rpartition(":")[0])
        else:
            text = call.data.get("reply", call.text)
            left.outcomes[call.key] = Outcome(call.state, text, call.error, call.error_code)
    return left


async def _set_aside(session: SenateSession, token: str, call: SenateCall) -> None:
    """The open row becomes one of a lost call, with what it cost; its key is free for asking again."""
    usage = await booked(session, call)
    note, log_id = note_of(usage), str(usage[-1].pk) if usage else ""
    row = {
        "key": f"{call.key}:lost{made_by(session, call)}",
        "state": "failed",
        "error": LOST,
        "error_code": "worker_lost",
        "log_id": log_id or None,
        "finished_at": timezone.now(),
        **note,
    }
    data = {
        "key": call.key,
        "state": "failed",
        "error": LOST,
        "code": "worker_lost",
        "log_id": log_id,
        **shown(note),
    }
    event = Event("call.failed", call.phase, call.member, {**data, "elapsed_s": 0.0})
    await SCRIBE.write(Entry(session.pk, token, [event], [CallChange(call.key, row)]))


async def booked(session: SenateSession, call: SenateCall) -> list[AIUsageLog]:
    """The ledger's rows of an open call, oldest first; what a lost worker had under way is booked now.

    They are those of the claim that made it, however many were lost since: one may have died right here.
    """
    claim = made_by(session, call)
    usage = await hop(store.usage_rows, session.pk, call.key, claim)
    under_way = not usage or usage[-1].metadata.get("retried")  # and that attempt has no row yet
    if under_way and claim != session.claims and not call.data.get("booked"):
        attempt = lost_attempt(session, call, claim)
        await ledger.record(attempt, str(session.reservation or ""))
        usage.append(await hop(AIUsageLog.objects.get, pk=attempt.id))
    return usage


def made_by(session: SenateSession, call: SenateCall) -> int:
    """The number of the claim; of a call that was begun before an update of the console, the one before."""
    return call.data.get("claim", session.claims - 1)


def lost_attempt(session: SenateSession, call: SenateCall, lost_by: int) -> ledger.Attempt:
    """The same row however often it is made. Its worst case was stored when the call began."""
    seat, worst = session.seats[call.member], call.data["worst"]
    usd = Decimal(worst["usd"])
    return ledger.Attempt(
        id=uuid5(NAMESPACE_OID, f"senate:{session.pk}:{call.key}:{lost_by}"),
        provider=seat["provider"],
        model=seat["model"],
        user_id=session.owner_id,
        operation=f"{session.plan}.{call.phase}",
        session_id=str(session.pk),
        usage=Usage(worst["tokens"] - worst["output"], worst["output"]),
        usage_source="unknown",
        estimated_cost_usd=usd,
        actual_cost_usd=usd,
        price_source="reserved",
        error_code="lost",
        error_message=LOST,
        metadata={"call": call.key, "claim": lost_by, **session.about},
    )


def note_of(usage: Sequence[AIUsageLog]) -> dict[str, Any]:
    """Figures of a call's usage rows together; nothing where no call left the house."""
    return {
        "input_tokens": sum(row.input_tokens for row in usage),
        "output_tokens": sum(row.output_tokens for row in usage),
        "cost_usd": sum((row.actual_cost_usd for row in usage), start=Decimal(0)),
        "estimated": any(row.usage_source != "reported" for row in usage),
    }


def _calls(session_id: int) -> list[SenateCall]:
    return list(SenateCall.objects.filter(session_id=session_id))


@dataclass(frozen=True, slots=True)
class Known:
    """What a run is to know of its session before it goes on. `events`: identities of what is stored."""

    events: set[tuple[Any, ...]]
    purse: Purse
    own_prices: OwnPrices


def known_of(session: SenateSession) -> Known:
    """As the rows have it. Sync."""
    return Known(store.seen_events(session.pk), purse_of(session), own_prices())


def purse_of(session: SenateSession) -> Purse:
    """The session's money as the rows have it. Sync."""
    planned = {call.key: call.worst for call in planned_calls(session.plan, session.seats, case_of(session))}
    purse = Purse(Amount(session.quoted_tokens, session.quoted_usd), planned)
    for call in _calls(session.pk):
        if call.error_code != "worker_lost":
            purse.take(call.key, Amount(), extra=False)
        purse.settle(call.key, Amount(call.input_tokens + call.output_tokens, call.cost_usd))
    return purse


def holds_of(session: SenateSession) -> list[str]:
    """What is held for the session as a whole, and what a worker held that died before its row knew. Sync."""
    unknown = Reservation.objects.filter(session_id=str(session.pk), attempt__isnull=True, closed_at=None)
    return [str(key) for key in {session.reservation, *unknown.values_list("pk", flat=True)} - {None}]


async def reserve_again(session: SenateSession, purse: Purse) -> dict[str, Any]:
    """Holds what is still to come, calls that are made again included; the session's new values.

    Errors: BudgetExceeded, where the caps no longer have room for it.
    """
    for held in await hop(holds_of, session):
        await ledger.release(held)
    quote, ahead = purse.raise_to_bound()
    session.quoted_tokens, session.quoted_usd = quote.tokens, quote.usd
    session.reservation = await ledger.reserve(
        user_id=session.owner_id,
        operation=session.plan,
        session_id=str(session.pk),
        tokens=ahead.tokens,
        usd=ahead.usd,
        lease_s=RESERVE_FOR_S,
    )
    return {"quoted_tokens": quote.tokens, "quoted_usd": quote.usd, "reservation": session.reservation}
