"""A person's yes to one exact act: asked for, decided, executed at most once.

    asked = approvals.request("deployment.queue", {"deployment": …}, user=None, requester="auto-fix", …)
    approvals.decide(pk, user, "approve", "looks right")       from the page or the API
    …and the act runs once, where its target still is as it was

An act is registered by name with what runs it and what tells its target's state. What was approved is bound by an
HMAC over act, arguments, state, caller and policy version: a row that was changed since, by whatever hand, is
refused. Acts whose name begins with a registered family's are made for the caller that asked (an agent's tools).
"""

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from intelligence.approval import acts
from intelligence.approval.acts import Act, register, register_family
from intelligence.approval.binding import canonical, digest
from intelligence.approval.execution import AlreadyDecided, NotAsApproved, execute, fresh, take_up, thing
from intelligence.models import Approval
from providers.access.roles import may
from providers.exceptions import AIServiceError, InvalidInput, NotAllowed, NotFound
from providers.trail import audit

LASTS = timedelta(minutes=30)
LOOK_S = 0.25


def request(
    act: str,
    arguments: Mapping[str, Any],
    *,
    user: Any,
    requester: str,
    target: str,
    title: str,
    risk: str = "write",
    why: str = "",
    evidence_url: str = "",
    touches: list[list[str]] | None = None,
    changes: list[list[str]] | None = None,
    caller: Mapping[str, Any] | None = None,
    lasts: timedelta = LASTS,
) -> Approval:
    """The row that waits. The same act with the same arguments that waits already is that row, not a second.

    `caller`: who asks where it is no person: {agent, owner, scopes, run, jti}."""
    given, caller = json.loads(canonical(dict(arguments))), dict(caller or {})
    state = acts.found(act, caller).state(given)
    made = Approval(
        act=act,
        arguments=given,
        target=target[:200],
        target_state=state,
        risk=risk,
        title=title[:300],
        why=why,
        evidence_url=evidence_url,
        touches=touches or [],
        changes=changes or [],
        caller=caller,
        agent_id=caller.get("agent"),
        requested_by=user,
        requester=requester[:150],
        expires_at=timezone.now() + lasts,
    )
    return _waiting(made, digest(made, state))


def _waiting(made: Approval, bound: str) -> Approval:
    """The one that waits for this already, or this one, written down."""
    made.digest = bound
    expire()
    if waiting := Approval.objects.filter(state="pending", digest=bound).first():
        return waiting
    try:
        return _written(made)
    except IntegrityError:  # another process asked for the same at this moment
        return Approval.objects.get(state="pending", digest=bound)


def _written(made: Approval) -> Approval:
    about = {
        "act": made.act,
        "arguments": canonical(made.arguments),
        "sha256": made.digest,
        "requester": made.requester,
    } | ({"caller": canonical(made.caller)} if made.caller else {})
    with transaction.atomic():
        made.save()
        audit.record("approval.ask", thing(made), after=about, reason=made.why[:500], by=made.requested_by)
    return made


def decide(pk: UUID, user: Any, decision: str, reason: str = "", typed: str = "") -> Approval:
    """Approves or denies, and executes what was approved. `typed`: the target's name, for a destructive act.

    Errors: NotFound; NotAllowed for the requester or a role that may not; InvalidInput; AlreadyDecided also where
    it has expired; NotAsApproved where the target has changed meanwhile. All are audited.
    """
    if decision not in ("approve", "deny"):
        raise InvalidInput("A decision is approve or deny.", param="decision")
    approval = Approval.objects.visible_to(user).filter(pk=pk).first()
    if approval is None:
        raise NotFound("There is no such approval for you.")
    try:
        _decided(approval, user, decision, reason, typed)
    except AIServiceError as error:
        about = {"decision": decision, "code": error.code}
        audit.record("approval.refuse", thing(approval), after=about, outcome="refused", by=user)
        raise
    return execute(pk) if decision == "approve" else fresh(pk)


def _decided(approval: Approval, user: Any, decision: str, reason: str, typed: str) -> None:
    _may_decide(user, approval)
    if decision == "approve" and approval.risk == "destructive" and typed != approval.target:
        raise InvalidInput(f"Type {approval.target} to approve this.", param="typed")
    now = timezone.now()
    with transaction.atomic():
        changed = Approval.objects.filter(pk=approval.pk, state="pending", expires_at__gt=now).update(
            state="approved" if decision == "approve" else "denied",
            decided_by=user,
            decided_at=now,
            decision_why=reason[:2_000],
        )
        if changed:
            about = {"act": approval.act, "arguments": canonical(approval.arguments), "sha256": approval.digest}
            audit.record(f"approval.{decision}", thing(approval), after=about, reason=reason[:500], by=user)
    if not changed:
        expire()
        approval.refresh_from_db()
        raise AlreadyDecided(f"This is {approval.state} already; ask again for a new decision.")


def cancel(pk: UUID) -> bool:
    """Takes a waiting request back; True where it still waited."""
    return bool(Approval.objects.filter(pk=pk, state="pending").update(state="cancelled"))


def expire() -> int:
    """Ends what nobody decided in time: no answer is a no. How many."""
    now = timezone.now()
    Approval.objects.filter(state="approved", expires_at__lte=now).update(state="expired")
    return Approval.objects.filter(state="pending", expires_at__lte=now).update(state="expired")


def of_caller(caller: Any) -> QuerySet[Approval]:
    """What that agent, or that person by a token of their own, asked for."""
    expire()
    asked = Approval.objects.filter(requested_by=caller.owner_id, agent=caller.agent_id).exclude(caller={})
    return asked.select_related("decided_by", "requested_by")


def waited_for(found: QuerySet[Approval], wait_s: float) -> Approval | None:
    """The one row, at once where it has ended, else when it has or the time is over. Blocks."""
    until = time.monotonic() + wait_s
    while True:
        one = found.all().first()
        if one is None or one.state not in ("pending", "approved", "executing") or time.monotonic() >= until:
            return one
        time.sleep(LOOK_S)


def version() -> str:
    """Another text whenever one was asked for, decided or has ended. One query."""
    last = Approval.objects.aggregate(Max("created_at"), Max("decided_at"), Max("executed_at"), Count("pk"))
    waiting = Approval.objects.filter(state__in=["pending", "executing"]).count()
    return hashlib.blake2s(repr((sorted(map(str, last.values())), waiting)).encode(), digest_size=6).hexdigest()


def waiting_for(user: Any) -> QuerySet[Approval]:
    """Those that this user can decide now."""
    if not may(user, "decide approvals"):
        return Approval.objects.none()
    open_ = Approval.objects.filter(state="pending", expires_at__gt=timezone.now())
    own = Q(requested_by=user) if settings.OPS_PREVENT_SELF_REVIEW else Q(requested_by=user, agent=None)
    return open_.exclude(own)


def why_not(user: Any, approval: Approval) -> str:
    """Why this user may not decide it, in a sentence; empty where they may."""
    if not may(user, "decide approvals"):
        return "Admins and engineers decide approvals."
    own = approval.requested_by_id is not None and approval.requested_by_id == user.pk
    if own and (approval.agent_id is None or settings.OPS_PREVENT_SELF_REVIEW):
        whose = "Your agent" if approval.agent_id else "You"
        return f"{whose} asked for this; somebody else decides."
    return ""


def _may_decide(user: Any, approval: Approval) -> None:
    if reason := why_not(user, approval):
        raise NotAllowed(reason, code="not_the_approver")


__all__ = [
    "Act",
    "AlreadyDecided",
    "NotAsApproved",
    "cancel",
    "decide",
    "execute",
    "expire",
    "register",
    "register_family",
    "request",
    "take_up",
    "version",
    "waiting_for",
    "why_not",
]
