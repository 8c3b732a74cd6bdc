"""The door to deliberations: what a question would cost, asking it, following it, stopping it, reading it.

Sync but for `follow`. It never talks to a model: a worker does, from the rows that `start` leaves.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from providers.exceptions import InvalidInput, NotAllowed
from providers.runtime import loop
from providers.runtime.hop import hop
from senate import asking, comparison, offer
from senate.asking import VISIBILITIES, again, start
from senate.models import OPEN_STATES, SenateEvent, SenateSession
from senate.reading import rows as reading
from senate.reading.outcome import Ended, ended
from senate.reading.transcript import Transcript
from senate.work import ending, store

PAGE = 500

__all__ = [
    "VISIBILITIES",
    "Ended",
    "again",
    "cancel",
    "compare",
    "compared",
    "events",
    "follow",
    "outcome",
    "quote",
    "share",
    "start",
    "transcript",
]


def quote(
    user: Any,
    question: str,
    mode: str = "auto",
    members: Sequence[str] | None = None,
    follows: SenateSession | None = None,
) -> dict[str, Any]:
    """What asking would cost at most, and whether it may be asked; plain values, nothing is stored.

    {plan, plan_label, members: [seat], calls, input_tokens, max_output_tokens, max_tokens, max_cost_usd,
    usual_cost_usd and usual_p90_cost_usd (median and 90th percentile of the `usual_of` last ones, or None),
    allowed, reason, left_usd, left_tokens, resets_at, why, cut_chars,
    fits: None or {members, plan, plan_label, max_cost_usd}: the largest committee that is still within the cap}.
    Errors: InvalidInput, NotConfigured, PriceUnknown.
    """
    asked = asking.following(follows, question) if follows else asking.worded(question)
    return offer.quote(user, offer.seated(mode, members), asked.text, asked.messages) | {"cut_chars": asked.cut}


def share(user: Any, session: SenateSession, visibility: str) -> None:
    """Who may see the session from now on, and its comparison: team, owner (and admins), or private.

    Errors: InvalidInput; NotAllowed where it is somebody else's (an admin may).
    """
    if visibility not in VISIBILITIES:
        raise InvalidInput("Visibility is team, owner or private.", param="visibility")
    _must_be_of(user, session, "share a session")
    SenateSession.objects.filter(pk=session.pk).update(visibility=visibility)
    session.compared_with.update(visibility=visibility)
    session.visibility = visibility


def compare(user: Any, session: SenateSession) -> dict[str, Any]:
    """Puts the session's question to each member alone, once; see `compared`. Errors: InvalidInput,
    BudgetExceeded and NotConfigured before anybody is asked."""
    comparison.begin(user, session)
    return comparison.comparison(session)


def compared(session: SenateSession) -> dict[str, Any]:
    """The resolution beside each member's answer alone, with costs; see `senate/comparison.py`."""
    return comparison.comparison(session)


def _must_be_of(user: Any, session: SenateSession, act: str) -> None:
    if not SenateSession.objects.of(user).filter(pk=session.pk).exists():
        raise NotAllowed(f"Only who asked, or an admin, can {act}.")


def cancel(user: Any, session: SenateSession) -> None:
    """Stops the session: at once where nobody works on it, else within a second. Again does nothing.

    Errors: NotAllowed where it is somebody else's (an admin may).
    """
    _must_be_of(user, session, "cancel a session")
    reason = f"Cancelled by {user.get_username()}."
    if not store.want_cancelled(session.pk, reason):
        return
    loop.run(ending.end_unworked(session.pk, "cancelled", reason))


def transcript(session: SenateSession, at: int | None = None) -> Transcript:
    """The session as its rows are now, or as it was right after event `at`; see `senate/reading/transcript.py`
    for the shape. At most 12 queries."""
    return reading.transcript(session.pk, at)


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
