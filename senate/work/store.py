"""The rows of sessions: who holds a claim, what was written, what is still to do. Plain sync functions.

A session has one writer: whoever holds its claim (a token). Every write names the token, so a worker that lost
its claim writes nothing more. Event numbers come from the session's own counter, in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from providers.format import usd
from providers.models import AIUsageLog
from senate.engine.case import Event, longest_s
from senate.models import OPEN_STATES, SenateCall, SenateEvent, SenateSession

CLAIM_FOR = timedelta(seconds=30)
QUEUE_FOR = timedelta(minutes=15)  # an older question is not answered unasked, hours later
MOST_CLAIMS = 5
SLACK_S = 60.0  # for what is not a call: taking over from a lost worker, writing
LATE = "It did not end within its time. What was written stays here; ask it again."
OPEN_CALLS = ("waiting", "writing")


class LeaseLost(Exception):
    """Another worker has the session, or it has ended: stop, and write nothing more."""


@dataclass(frozen=True, slots=True)
class CallChange:
    """New values of a call's row; `create` makes the row."""

    key: str
    fields: dict[str, Any]
    create: bool = False


@dataclass(slots=True)
class Entry:
    """What is written in one transaction for one session."""

    session_id: int
    token: str
    events: list[Event] = field(default_factory=list)
    calls: list[CallChange] = field(default_factory=list)
    session: dict[str, Any] = field(default_factory=dict)


def commit(entries: Sequence[Entry]) -> list[bool]:
    """Writes all in one transaction; False for each whose claim is gone, which has then written nothing."""
    kept: dict[int, bool] = {}
    whose = sorted(range(len(entries)), key=lambda i: (entries[i].session_id, entries[i].token))
    with transaction.atomic():
        # In the order of ids, so that two processes don't wait for each other's rows.
        for _, ours in groupby(whose, key=lambda i: (entries[i].session_id, entries[i].token)):
            together = list(ours)
            kept |= dict.fromkeys(together, _write(joined([entries[at] for at in together])))
    return [kept[at] for at in range(len(entries))]


def joined(entries: Sequence[Entry]) -> Entry:
    """What one writer has to say of one session, in its order: five calls that begin at once are four queries,
    and what piled up of a text while the last transaction ran is one event."""
    if len(entries) == 1:
        return entries[0]
    whole = Entry(entries[0].session_id, entries[0].token)
    texts: dict[str, int] = {}  # where the last text of a call stands
    changes: dict[str, CallChange] = {}
    for entry in entries:
        whole.session |= entry.session
        for event in entry.events:
            at = texts.get(event.data.get("key", ""))
            if at is not None and (longer := lengthened(whole.events[at], event)) is not None:
                whole.events[at] = longer
                continue
            if event.type == "call.text":
                texts[event.data["key"]] = len(whole.events)
            whole.events.append(event)
        for change in entry.calls:
            before = changes.get(change.key)
            fields = {**(before.fields if before else {}), **change.fields}
            changes[change.key] = CallChange(change.key, fields, before.create if before else change.create)
    whole.calls = sorted(changes.values(), key=lambda change: not change.create)
    return whole


def lengthened(text: Event, more: Event) -> Event | None:
    """One event for both pieces, where the second goes on from the first."""
    if more.type != "call.text" or more.data["offset"] != text.data["offset"] + len(text.data["text"]):
        return None
    joint = {"offset": text.data["offset"], "text": text.data["text"] + more.data["text"]}
    return replace(more, data={**more.data, **joint})


def _write(entry: Entry) -> bool:
    mine = SenateSession.objects.filter(pk=entry.session_id, claimed_by=entry.token, state="running")
    if not mine.update(last_n=F("last_n") + len(entry.events), **entry.session):
        return False
    for begun, changes in groupby(entry.calls, key=lambda change: change.create):
        if begun:
            rows = (SenateCall(session_id=entry.session_id, key=one.key, **one.fields) for one in changes)
            SenateCall.objects.bulk_create(rows)
            continue
        for change in changes:
            SenateCall.objects.filter(session_id=entry.session_id, key=change.key).update(**change.fields)
    if entry.events:
        number(entry.session_id, entry.events)
    return True


def number(session_id: int, events: Sequence[Event]) -> None:
    """Stores events under the numbers that the session's counter has just been moved over."""
    last = SenateSession.objects.values_list("last_n", flat=True).get(pk=session_id)
    now = timezone.now()
    SenateEvent.objects.bulk_create(
        SenateEvent(
            session_id=session_id,
            n=n,
            at=now,
            type=event.type,
            phase=event.phase,
            member=event.member,
            data=dict(event.data),
        )
        for n, event in enumerate(events, start=last - len(events) + 1)
    )


def claim(session_id: int, token: str) -> SenateSession | None:
    """Takes a session that nobody works on. None where somebody does, or it has ended."""
    now = timezone.now()
    free = Q(claimed_by="") | Q(claim_expires_at__lt=now)
    taken = SenateSession.objects.filter(free, pk=session_id, state__in=OPEN_STATES).update(
        state="running",
        claimed_by=token,
        claim_expires_at=now + CLAIM_FOR,
        claims=F("claims") + 1,
        started_at=Coalesce(F("started_at"), now),
    )
    return SenateSession.objects.get(pk=session_id) if taken else None


def beat(tokens: Sequence[str]) -> list[str]:
    """Renews these claims; the tokens that no longer hold one are returned."""
    mine = SenateSession.objects.filter(claimed_by__in=tokens, state="running")
    mine.update(claim_expires_at=timezone.now() + CLAIM_FOR)
    return sorted(set(tokens) - set(mine.values_list("claimed_by", flat=True)))


def hand_back(session_id: int, token: str) -> None:
    """Gives up the claim, so that another worker goes on at once (a worker that is being stopped).

    What it asked is booked by now: an open call that has no row in the ledger never left the house.
    """
    mine = SenateSession.objects.filter(pk=session_id, claimed_by=token, state="running")
    with transaction.atomic():
        if not mine.update(claimed_by="", claim_expires_at=None):
            return
        for call in SenateCall.objects.filter(session_id=session_id, state__in=OPEN_CALLS):
            call.data["booked"] = True
            call.save(update_fields=["data"])


def want_cancelled(session_id: int, reason: str) -> bool:
    """Notes the wish; the worker sees it within a second. False where the session has ended."""
    still_open = SenateSession.objects.filter(pk=session_id, state__in=OPEN_STATES)
    return bool(still_open.update(cancel_requested=True, reason=reason))


def cancel_wanted(session_ids: Iterable[int]) -> dict[int, str]:
    """Which of them are to be cancelled, and the reason to give."""
    wanted = SenateSession.objects.filter(pk__in=list(session_ids), cancel_requested=True)
    return dict(wanted.values_list("pk", "reason"))


def abandoned() -> list[SenateSession]:
    """Open sessions that nobody works on, the oldest first."""
    free = Q(claimed_by="") | Q(claim_expires_at__lt=timezone.now())
    return list(SenateSession.objects.filter(free, state__in=OPEN_STATES).order_by("pk")[:500])


def hopeless(session: SenateSession) -> str:
    """Why an abandoned session should not be taken up again; empty where it should."""
    if session.cancel_requested:
        return session.reason
    if session.claims >= MOST_CLAIMS:
        return f"The worker was lost {session.claims} times."
    if left_s(session) <= 0:
        return LATE
    if not session.claims and timezone.now() - session.created_at > QUEUE_FOR:
        return f"No worker took it within {QUEUE_FOR.seconds // 60} minutes."
    return ""


def open_calls(session_id: int) -> list[SenateCall]:
    """Calls without an end."""
    return list(SenateCall.objects.filter(session_id=session_id, state__in=OPEN_CALLS))


def left_s(session: SenateSession) -> float:
    """Seconds until the session must have ended, counted from when it was first begun."""
    longest = longest_s(session.plan, len(session.seats), settings.SENATE_TIMEOUT_SECONDS) + SLACK_S
    begun = session.started_at or timezone.now()
    return longest - (timezone.now() - begun).total_seconds()


def closing(state: str, reason: str) -> dict[str, Any]:
    """The values of a session that ends."""
    return {
        "state": state,
        "reason": reason,
        "phase": "",
        "finished_at": timezone.now(),
        "claimed_by": "",
        "claim_expires_at": None,
    }


def totals(session_id: int, open_usd: Decimal, open_tokens: int) -> dict[str, Any]:
    """{spent_usd, tokens} over all calls that have an end, and what the open ones come to; plain values."""
    ended = SenateCall.objects.filter(session_id=session_id).exclude(state__in=OPEN_CALLS)
    figures = list(ended.values_list("cost_usd", "input_tokens", "output_tokens"))
    spent = sum((cost for cost, _, _ in figures), start=open_usd)
    return {"spent_usd": usd(spent), "tokens": sum((i + o for _, i, o in figures), start=open_tokens)}


def seen_events(session_id: int) -> set[tuple[Any, ...]]:
    """Identities of what a run before this one has stored already."""
    stored = SenateEvent.objects.filter(session_id=session_id).exclude(type__startswith="call.")
    rows = stored.values_list("type", "phase", "member", "data")
    return {Event(*row).identity for row in rows}


def usage_rows(session_id: int, key: str, claims: int) -> list[AIUsageLog]:
    """The ledger's rows of a call whose answer did not arrive here, one for each attempt, oldest first."""
    rows = AIUsageLog.objects.filter(session_id=str(session_id), metadata__call=key, metadata__claim=claims)
    return list(rows.order_by("created_at", "retry_count"))
