"""The door to deliberations: what a question would cost, asking it, following it, stopping it, reading it.

Sync but for `follow`. It never talks to a model: a worker does, from the rows that `start` leaves.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from providers import ledger, loop
from providers.exceptions import InvalidInput, NotAllowed
from providers.guard import clean, storable
from providers.hop import hop
from senate import offer
from senate.engine.plan import Plan
from senate.models import OPEN_STATES, SenateEvent, SenateSession
from senate.offer import Estimate
from senate.reading import rows as reading
from senate.reading.outcome import Ended, ended
from senate.reading.transcript import Transcript
from senate.work import nudges, store
from senate.work.desk import new_token

VISIBILITIES = ("team", "private")
QUEUE_S = store.QUEUE_FOR.total_seconds() + 120
PAGE = 500

__all__ = ["Ended", "cancel", "events", "follow", "outcome", "quote", "start", "transcript"]


def quote(user: Any, question: str, mode: str = "auto", members: Sequence[str] | None = None) -> dict[str, Any]:
    """What asking would cost at most, and whether it may be asked; plain values, nothing is stored.

    {plan, plan_label, members: [seat], calls, input_tokens, max_output_tokens, max_tokens, max_cost_usd,
    usual_cost_usd (or None), allowed, reason, left_usd, left_tokens, resets_at, why, cut_chars,
    fits: None or {members, plan, plan_label, max_cost_usd}: the largest committee that is still within the cap}.
    Errors: InvalidInput, NotConfigured, PriceUnknown.
    """
    text, cut = _question(question)
    return offer.quote(user, offer.seated(mode, members), text) | {"cut_chars": cut}


def start(
    user: Any,
    *,
    question: str,
    mode: str = "auto",
    members: Sequence[str] | None = None,
    visibility: str | None = None,
    messages: Sequence[dict[str, str]] | None = None,
    max_output_tokens: int | None = None,
) -> SenateSession:
    """Reserves the worst case, stores the question, and asks a worker to take it. Nothing is called before.

    `messages` is the whole conversation, its last one the question. Errors: InvalidInput, NotConfigured,
    PriceUnknown, BudgetExceeded, LedgerUnavailable; then nothing was stored and nothing is held.
    """
    if visibility not in (None, *VISIBILITIES):
        raise InvalidInput("Visibility is team or private.", param="visibility")
    text, cut = _question(question)
    made = offer.seated(mode, members)
    estimate = offer.estimate(made, text, messages or (), max_output_tokens)
    offer.first_gate(user, made, estimate)
    reservation = loop.run(
        ledger.reserve(
            user_id=user.pk,
            operation=made.kind,
            session_id="",
            tokens=estimate.worst.tokens,
            usd=estimate.worst.usd,
            lease_s=QUEUE_S,
        )
    )
    try:
        session = _stored(user, text, cut, mode, made, estimate, reservation, visibility, messages)
    except Exception:
        loop.run(ledger.release(reservation))
        raise
    transaction.on_commit(lambda: nudges.workers(session.pk))
    return session


def _stored(
    user: Any,
    text: str,
    cut: int,
    mode: str,
    made: Plan[Any],
    estimate: Estimate,
    reservation: str,
    visibility: str | None,
    messages: Sequence[dict[str, str]] | None,
) -> SenateSession:
    why = made.why
    if cut:
        why += f" The question was cut to its first {settings.AI_MAX_INPUT_CHARS:,} characters."
    return SenateSession.objects.create(
        owner=user,
        question=text,
        messages=list(messages or ()),
        mode=mode,
        plan=made.kind,
        why=why,
        visibility=visibility or "team",
        seats=[seat.as_dict() for seat in made.seats],
        quoted_usd=estimate.worst.usd,
        quoted_tokens=estimate.worst.tokens,
        reservation=reservation,
        max_output_tokens=estimate.answer_tokens,
    )


def _question(question: str) -> tuple[str, int]:
    """The question without role markers, at most as long as the site allows; how many characters were cut."""
    if not storable(question):
        raise InvalidInput("The question holds NUL or half of a surrogate pair.", param="question")
    cleaned = clean(question, settings.AI_MAX_INPUT_CHARS)
    if not cleaned.text.strip():
        raise InvalidInput("Write a question.", param="question")
    return cleaned.text.strip(), cleaned.cut


def cancel(user: Any, session: SenateSession) -> None:
    """Stops the session: at once where nobody works on it, else within a second. Again does nothing.

    Errors: NotAllowed where it is somebody else's (an admin may).
    """
    if not SenateSession.objects.of(user).filter(pk=session.pk).exists():
        raise NotAllowed("Only who asked, or an admin, can cancel a session.")
    reason = f"Cancelled by {user.get_username()}."
    if not store.want_cancelled(session.pk, reason):
        return
    if store.end_unworked(session.pk, new_token(), "cancelled", reason):
        nudges.viewers(session.pk)
        if session.reservation:
            loop.run(ledger.release(str(session.reservation)))


def transcript(session: SenateSession) -> Transcript:
    """The session as its rows are now; see `senate/reading/transcript.py` for the shape. At most 12 queries."""
    return reading.transcript(session.pk)


def events(session: SenateSession | int, after: int = 0, limit: int = PAGE) -> list[dict[str, Any]]:
    """Events with n > `after`, oldest first: {n, at, type, phase, member, data}. `at` is ISO 8601."""
    key = session if isinstance(session, int) else session.pk
    rows = SenateEvent.objects.filter(session_id=key, n__gt=after).order_by("n")[:limit]
    found = rows.values("n", "at", "type", "phase", "member", "data")
    return [{**row, "at": row["at"].isoformat()} for row in found]


def outcome(session_id: int) -> Ended:
    """How an ended session came out, for an answer to an API client."""
    return ended(transcript(SenateSession.objects.get(pk=session_id)))


async def follow(session_id: int, after: int = 0, every_s: float = 0.2) -> AsyncIterator[dict[str, Any]]:
    """Every event after `after`, in order and once, until the session has ended and all were given."""
    while True:
        still_open, found = await hop(_look, session_id, after)
        for event in found:
            after = event["n"]
            yield event
        if not found:
            if not still_open:
                return
            await asyncio.sleep(every_s)


def _look(session_id: int, after: int) -> tuple[bool, list[dict[str, Any]]]:
    """The state is read first: the last event is stored together with the end."""
    state = SenateSession.objects.values_list("state", flat=True).get(pk=session_id)
    return state in OPEN_STATES, events(session_id, after)
