"""A question becomes a session: priced, reserved, stored, a worker told. Part of the door, `senate/chat.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from providers import ledger
from providers.configuration.directory import Seat
from providers.conversation.conversation import within
from providers.exceptions import InvalidInput
from providers.guard import clean, storable
from providers.runtime import loop
from senate import offer
from senate.engine.plan import Plan
from senate.models import SenateSession
from senate.work import nudges, store

VISIBILITIES = ("team", "owner", "private")
QUEUE_S = store.QUEUE_FOR.total_seconds() + 120


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it will be stored. `cut`: characters that were over the limit."""

    text: str
    cut: int
    messages: list[dict[str, str]] = field(default_factory=list)


def start(
    user: Any,
    *,
    question: str,
    mode: str = "auto",
    members: Sequence[str] | None = None,
    visibility: str | None = None,
    messages: Sequence[dict[str, str]] | None = None,
    max_output_tokens: int | None = None,
    follows: SenateSession | None = None,
    compares: tuple[SenateSession, int] | None = None,
    service: str = "",
    on_stored: Callable[[SenateSession], None] | None = None,
) -> SenateSession:
    """Reserves the worst case, stores the question, and asks a worker to take it. Nothing is called before.

    `messages` is the whole conversation, its last one the question; `follows` makes one of that session's.
    `service`: the id of the one it is for. `on_stored` runs in the transaction that stores the session. Errors:
    InvalidInput, NotConfigured, PriceUnknown, BudgetExceeded, LedgerUnavailable; then nothing was stored and
    nothing is held.
    """
    if visibility not in (None, *VISIBILITIES):
        raise InvalidInput("Visibility is team, owner or private.", param="visibility")
    asked = following(follows, question) if follows else worded(question, messages or ())
    made = offer.seated(mode, members)
    estimate = offer.estimate(made, asked.text, asked.messages, max_output_tokens)
    offer.first_gate(user, made, asked.text, asked.messages)
    session = _worded_session(user, asked, made, estimate)
    session.mode, session.visibility, session.follows = mode, visibility or "team", follows
    session.compares, session.compares_seat = compares or (None, None)
    session.service = service or (follows.service if follows else "")
    _reserve_and_store(session, on_stored)
    transaction.on_commit(lambda: nudges.workers(session.pk))
    return session


def _worded_session(user: Any, asked: Asked, made: Plan[Seat], estimate: offer.Estimate) -> SenateSession:
    return SenateSession(
        owner=user,
        question=asked.text,
        messages=asked.messages,
        plan=made.kind,
        why=made.why + cut_words(asked.cut),
        seats=[seat.as_dict() for seat in made.seats],
        quoted_usd=estimate.worst.usd,
        quoted_tokens=estimate.worst.tokens,
        max_output_tokens=estimate.answer_tokens,
    )


def _reserve_and_store(session: SenateSession, on_stored: Callable[[SenateSession], None] | None) -> None:
    reservation = loop.run(
        ledger.reserve(
            user_id=session.owner_id,
            operation=session.plan,
            session_id="",
            tokens=session.quoted_tokens,
            usd=session.quoted_usd,
            lease_s=QUEUE_S,
        )
    )
    session.reservation = reservation
    try:
        with transaction.atomic():
            session.save(force_insert=True)
            if on_stored is not None:
                on_stored(session)
    except Exception:
        loop.run(ledger.release(reservation))
        raise


def cut_words(cut: int) -> str:
    return f" The question was cut to its first {settings.AI_MAX_INPUT_CHARS:,} characters." if cut else ""


def worded(question: str, messages: Sequence[dict[str, str]] = ()) -> Asked:
    """The question without role markers, at most as long as the site allows. Errors: InvalidInput."""
    if not storable(question):
        raise InvalidInput("The question holds NUL or half of a surrogate pair.", param="question")
    cleaned = clean(question, settings.AI_MAX_INPUT_CHARS)
    if not cleaned.text.strip():
        raise InvalidInput("Write a question.", param="question")
    return Asked(cleaned.text.strip(), cleaned.cut, list(messages))


def following(before: SenateSession, question: str) -> Asked:
    """The question with what was asked and answered before it; the oldest is cut where it gets too long.

    Errors: InvalidInput, also where that session has no answer to go on from.
    """
    asked = worded(question)
    if not before.resolution:
        raise InvalidInput(f"Session {before.pk} has no answer to go on from. Ask it again.", param="follows")
    turns = [(turn["role"], turn["content"]) for turn in before.messages] or [("user", before.question)]
    said = within([*turns, ("assistant", before.resolution), ("user", asked.text)], settings.AI_MAX_INPUT_CHARS)
    return Asked(asked.text, asked.cut, said.as_dicts())


def again(user: Any, session: SenateSession, **more: Any) -> SenateSession:
    """The same question once more, to the same members. Errors: those of `start`."""
    return start(
        user,
        question=session.question,
        mode=session.mode,
        members=[f"{seat['provider']}/{seat['model']}" for seat in session.seats],
        visibility=session.visibility,
        messages=session.messages,
        max_output_tokens=session.max_output_tokens,
        service=session.service,
        **more,
    )
