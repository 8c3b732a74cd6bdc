"""The list of past sessions, and what the Ask box needs to know before anything is typed."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from providers.access.roles import Role, may, role_of
from providers.configuration.directory import Directory
from providers.exceptions import NotConfigured
from senate import offer
from senate.engine.plan import LABELS, made_words, plan
from senate.models import OPEN_STATES, SenateCall, SenateSession
from senate.reading.sheet import Rows
from senate.reading.verdict import Verdict

PAGE_SIZE = 25
SHOWN_CHARS = 400
TABS = (("mine", "Mine"), ("team", "Team"), ("running", "Running"))
EXAMPLES = (
    "Checkout p99 rose from 180 ms to 2.4 s after the last deployment and the connection pool is full. "
    "Raise the pool size or roll back?",
    "Which index would make this query fast, and what does it cost on writes? "
    "SELECT * FROM orders WHERE customer_id = 42 AND state = 'open' ORDER BY created_at DESC LIMIT 20",
    "Our nightly backup takes six hours and overlaps the batch jobs. What would you change first, and why?",
)


def sessions_of(user: Any, tab: str, find: str) -> Any:
    """The rows of a tab, newest first, that the user may see."""
    rows = SenateSession.objects.visible_to(user).filter(compares=None)  # those stand on their comparison
    match tab:
        case "team":
            rows = rows.filter(visibility="team")
        case "running":
            rows = rows.filter(state__in=OPEN_STATES)
        case _:
            rows = rows.filter(owner=user)
    return rows.filter(question__icontains=find) if find else rows


def listing(user: Any, tab: str, q: str, page: int) -> dict[str, Any]:
    """{results, count, page, next, previous, first, last, tabs}. Next and previous are addresses or None."""
    rows = sessions_of(user, tab, q)
    total = rows.count()
    first = (page - 1) * PAGE_SIZE
    shown = rows.select_related("owner").annotate(
        spent=Sum("calls__cost_usd"),
        answered=Count("calls", filter=Q(calls__phase__in=("answer", "propose"), calls__state="done")),
    )[first : first + PAGE_SIZE]
    dissents = dissents_of([session for session in shown if session.plan == "senate"])
    results = [row(session, dissents.get(session.pk, 0)) for session in shown]

    def at(number: int) -> str:
        return "?" + urlencode({"tab": tab, **({"q": q} if q else {}), "page": number})

    return {
        "results": results,
        "count": total,
        "page": page,
        "next": at(page + 1) if first + PAGE_SIZE < total else None,
        "previous": at(page - 1) if page > 1 else None,
        "first": first + 1 if results else 0,
        "last": first + len(results),
        "tab": tab,
        "q": q,
        "tabs": tabs(user, tab, q),
    }


def tabs(user: Any, current: str, q: str) -> list[dict[str, Any]]:
    running = sessions_of(user, "running", "").count()
    return [
        {
            "label": label,
            "url": "?" + urlencode({"tab": name, **({"q": q} if q else {})}),
            "current": name == current,
            "count": running if name == "running" and running else None,
        }
        for name, label in TABS
    ]


def dissents_of(sessions: Sequence[SenateSession]) -> dict[int, int]:
    """How many ballots disagree with what leads, by session: one query for all of them, none of their texts."""
    calls: dict[int, list[SenateCall]] = defaultdict(list)
    for call in SenateCall.objects.filter(session_id__in=[s.pk for s in sessions]).defer("text"):
        calls[call.session_id].append(call)
    ended = [session for session in sessions if session.state not in OPEN_STATES]
    now = timezone.now()
    return {s.pk: len(Verdict(Rows(s, calls[s.pk], [], now)).dissents()) for s in ended}


def row(session: Any, dissents: int) -> dict[str, Any]:
    return {
        "id": session.pk,
        "url": reverse("senate:session", args=[session.pk]),
        "question": " ".join(session.question[:SHOWN_CHARS].split()),
        "mode": session.mode,
        "plan": session.plan,
        "plan_label": LABELS.get(session.plan, session.plan),
        "state": session.state,
        "phase": session.phase,
        "owner": session.owner.get_full_name() or session.owner.get_username(),
        "visibility": session.visibility,
        "members": len(session.seats),
        "answered": session.answered,
        "dissents": dissents,
        "spent_usd": session.spent or Decimal(0),
        "created_at": session.created_at,
    }


def box(user: Any, filled: dict[str, Any]) -> dict[str, Any]:
    """What the Ask box offers. `ready` False: nobody can be asked yet, and `why_not` says what to do."""
    offered = {**filled, "may_ask": may(user, "ask models and the Senate"), "examples": EXAMPLES, "ready": True}
    offered["idempotency_key"] = uuid.uuid4().hex  # one form makes one session, however often it is sent
    offered["may_add_key"] = role_of(user) is Role.ADMIN
    directory = Directory()
    try:
        committee = directory.members()
    except NotConfigured as error:
        return {**offered, "ready": False, "why_not": error.message, "seats": [], "modes": modes("")}
    chosen = set(filled["members"])
    sitting = {f"{seat.provider}/{seat.model}": seat for seat in committee}
    others = [entry.seat() for entry in directory.configured() if entry.row.member and entry.model]
    known = {**sitting, **{f"{seat.provider}/{seat.model}": seat for seat in others}}
    coloured = dict(zip(known, offer.coloured(list(known.values())), strict=True))
    seats = [
        {**seat.as_dict(), "value": value, "checked": value in (chosen or sitting)}
        for value, seat in coloured.items()
    ]
    made = plan("auto", committee, directory.saved.senate_enabled, directory.saved.mode)
    return {**offered, "seats": seats, "modes": modes(made_words(made.kind, len(made.seats), made.calls))}


def modes(auto: str) -> list[dict[str, str]]:
    named = [{"value": kind, "label": label} for kind, label in LABELS.items()]
    return [{"value": "auto", "label": f"Auto: {auto}" if auto else "Auto"}, *named]
