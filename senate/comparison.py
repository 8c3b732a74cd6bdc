"""What a committee added: its question put to each member alone, set beside its resolution, with what each cost.

Part of the door, `senate/chat.py`. Each solo answer is a session of its own, once per seat.
"""

from decimal import Decimal
from typing import Any

from django.db import IntegrityError
from django.db.models import Sum
from django.urls import reverse

from providers.exceptions import BudgetExceeded, InvalidInput
from providers.format import usd
from providers.money import caps
from senate import offer
from senate.asking import start
from senate.engine.purse import Amount
from senate.models import OPEN_STATES, SenateSession
from senate.offer import Estimate

PLANS = ("code-review", "senate")


def begin(user: Any, session: SenateSession) -> None:
    """Asks each member alone, where that was not done yet; who begins it pays.

    Errors: InvalidInput for a session that can't be compared; BudgetExceeded before anybody is asked.
    """
    if session.state in OPEN_STATES:
        raise InvalidInput("This session is still running. Compare when it has ended.")
    if session.plan not in PLANS:
        raise InvalidInput("Only a committee's session can be compared with its members alone.")
    missing = [seat for seat in range(len(session.seats)) if seat not in _asked(session)]
    if not missing:
        return
    if reason := offer.too_much(_estimate(session, missing), offer.room_for(caps.standing(user))):
        raise offer.refused(user, "compare", BudgetExceeded.code, reason)
    for seat in missing:
        _ask(user, session, seat)


def _ask(user: Any, session: SenateSession, seat: int) -> None:
    try:
        start(
            user,
            question=session.question,
            mode="solo",
            members=[session.seat_name(seat)],
            visibility=session.visibility,
            messages=session.messages,
            compares=(session, seat),
            service=session.service,
        )
    except IntegrityError:  # somebody else began the same comparison at the same time
        if seat not in _asked(session):
            raise


def _asked(session: SenateSession) -> dict[int, SenateSession]:
    return {row.compares_seat: row for row in session.compared_with.all() if row.compares_seat is not None}


def _estimate(session: SenateSession, seats: list[int]) -> Estimate:
    """All missing solo calls together."""
    parts = [
        offer.estimate(offer.seated("solo", [session.seat_name(seat)]), session.question, session.messages)
        for seat in seats
    ]
    worst = sum((part.worst for part in parts), start=Amount())
    return Estimate([call for part in parts for call in part.calls], worst, None)


def comparison(session: SenateSession) -> dict[str, Any]:
    """{session_id, question, state: none | running | done, resolution, solos, solos_cost_usd, quote}.

    `resolution` and each of `solos`: {title, provider, model, text, state, error, cost_usd, tokens, elapsed_s,
    url}; a solo also `seat` and `times`, how many such answers the committee's price would buy ("" unknown).
    `quote`: {calls, max_cost_usd} of what is not asked yet, None where all was, or where it can't be priced.
    """
    asked = _asked(session)
    committee = _column(session) | {"title": "The committee", "label": _label(session)}
    solos = [_solo(session, seat, asked.get(seat), committee["cost_usd"]) for seat in range(len(session.seats))]
    running = any(row.state in OPEN_STATES for row in asked.values())
    return {
        "session_id": session.pk,
        "question": session.question,
        "state": "none" if not asked else "running" if running else "done",
        "resolution": committee | {"cost_usd": usd(committee["cost_usd"])},
        "solos": solos,
        "solos_cost_usd": usd(sum((Decimal(solo["cost_usd"]) for solo in solos), start=Decimal(0))),
        "quote": _quote(session, [seat for seat in range(len(session.seats)) if seat not in asked]),
    }


def _label(session: SenateSession) -> str:
    return "Both answers and reviews" if session.plan == "code-review" else "Resolution"


def _column(session: SenateSession) -> dict[str, Any]:
    sums = session.calls.aggregate(cost=Sum("cost_usd"), read=Sum("input_tokens"), wrote=Sum("output_tokens"))
    ended = session.started_at and session.finished_at
    return {
        "state": session.state,
        "text": session.resolution,
        "error": "" if session.state in ("done", *OPEN_STATES) else session.reason,
        "cost_usd": sums["cost"] or Decimal(0),
        "tokens": (sums["read"] or 0) + (sums["wrote"] or 0),
        "elapsed_s": round((session.finished_at - session.started_at).total_seconds(), 1) if ended else 0.0,
        "url": reverse("senate:session", args=[session.pk]),
    }


def _solo(session: SenateSession, seat: int, row: SenateSession | None, committee: Decimal) -> dict[str, Any]:
    who = session.seats[seat]
    often = sum(other["name"] == who["name"] for other in session.seats)
    empty = {"state": "none", "text": "", "error": "", "tokens": 0, "elapsed_s": 0.0, "url": ""}
    column = _column(row) if row else {**empty, "cost_usd": Decimal(0)}
    cost = column["cost_usd"]
    return {
        "seat": seat,
        "title": who["name"] if often == 1 else who["model"],
        **{name: who[name] for name in ("provider", "model", "monogram", "slot")},
        **column,
        "cost_usd": usd(cost),
        "times": f"{committee / cost:.1f}" if cost and committee else "",
    }


def _quote(session: SenateSession, missing: list[int]) -> dict[str, Any] | None:
    if not missing:
        return None
    try:
        whole = _estimate(session, missing)
    except offer.UNAVAILABLE:  # a member of then has no key or no price any more
        return None
    return {"calls": len(whole.calls), "max_cost_usd": usd(whole.worst.usd)}
