"""A person's yes to one exact act: asked for, decided, executed at most once.

    asked = approvals.request("deployment.queue", {"deployment": …}, user=None, requester="auto-fix", …)
    approvals.decide(pk, user, "approve", "looks right")       from the page or the API
    …and the act runs once, where its target still is as it was

An act is registered by name with what runs it and what tells its target's state. What was approved is bound by an
HMAC over act, arguments, state and policy version: a row that was changed since, by whatever hand, is refused.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from intelligence.models import Approval
from providers import audit
from providers.exceptions import AIServiceError, InvalidInput, NotAllowed, NotFound
from providers.roles import may

POLICY = 1  # of what is bound; another number makes every waiting approval void
LASTS = timedelta(minutes=30)
logger = logging.getLogger(__name__)


class AlreadyDecided(AIServiceError):
    http_status = 409
    type = "conflict_error"
    code = "already_decided"


class NotAsApproved(AIServiceError):
    http_status = 409
    type = "conflict_error"
    code = "not_as_approved"


@dataclass(frozen=True, slots=True)
class Act:
    """`state(arguments)` reads what the act's target is like now, as plain JSON values; `run(arguments, approval)`
    does it and returns a plain JSON value. Both sync."""

    name: str
    run: Callable[[dict[str, Any], Approval], Any]
    state: Callable[[dict[str, Any]], dict[str, Any]]


_acts: dict[str, Act] = {}


def register(act: Act) -> Act:
    """Errors: InvalidInput where the name is taken by another."""
    if _acts.get(act.name, act) != act:
        raise InvalidInput(f"There is an act {act.name} already.")
    _acts[act.name] = act
    return act


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
    lasts: timedelta = LASTS,
) -> Approval:
    """The row that waits. The same act with the same arguments that waits already is that row, not a second."""
    given = json.loads(canonical(dict(arguments)))
    state = _act(act).state(given)
    bound = digest(act, given, state)
    waiting = Approval.objects.filter(state="pending", digest=bound, expires_at__gt=timezone.now()).first()
    if waiting is not None:
        return waiting
    made = Approval(
        act=act,
        arguments=given,
        target=target[:200],
        target_state=state,
        digest=bound,
        risk=risk,
        title=title[:300],
        why=why,
        evidence_url=evidence_url,
        touches=touches or [],
        requested_by=user,
        requester=requester[:150],
        expires_at=timezone.now() + lasts,
    )
    return _written(made)


def _written(made: Approval) -> Approval:
    about = {
        "act": made.act,
        "arguments": canonical(made.arguments),
        "sha256": made.digest,
        "requester": made.requester,
    }
    with transaction.atomic():
        made.save()
        audit.record("approval.ask", _thing(made), after=about, reason=made.why[:500], by=made.requested_by)
    return made


def decide(pk: UUID, user: Any, decision: str, reason: str = "", typed: str = "") -> Approval:
    """Approves or denies, and executes what was approved. `typed`: the target's name, for a destructive act.

    Errors: NotFound; NotAllowed for the requester or a role that may not; InvalidInput; AlreadyDecided also where
    it has expired; NotAsApproved where the target has changed meanwhile.
    """
    if decision not in ("approve", "deny"):
        raise InvalidInput("A decision is approve or deny.", param="decision")
    approval = Approval.objects.visible_to(user).filter(pk=pk).first()
    if approval is None:
        raise NotFound("There is no such approval for you.")
    _may_decide(user, approval)
    if decision == "approve" and approval.risk == "destructive" and typed != approval.target:
        raise InvalidInput(f"Type {approval.target} to approve this.", param="typed")
    to = "approved" if decision == "approve" else "denied"
    now = timezone.now()
    with transaction.atomic():
        changed = Approval.objects.filter(pk=pk, state="pending", expires_at__gt=now).update(
            state=to, decided_by=user, decided_at=now, decision_why=reason[:2_000]
        )
        if changed:
            about = {"act": approval.act, "arguments": canonical(approval.arguments), "sha256": approval.digest}
            audit.record(f"approval.{decision}", _thing(approval), after=about, reason=reason[:500], by=user)
    if not changed:
        expire()
        approval.refresh_from_db()
        raise AlreadyDecided(f"This is {approval.state} already; ask again for a new decision.")
    return execute(pk) if to == "approved" else _fresh(pk)


def execute(pk: UUID) -> Approval:
    """Runs an approved act; whoever moves the row from approved to executing is the one that runs it."""
    with transaction.atomic():
        claimed = Approval.objects.filter(pk=pk, state="approved", expires_at__gt=timezone.now()).update(
            state="executing", executed_at=timezone.now()
        )
        if not claimed:
            raise AlreadyDecided("This was executed already, or its time is up.")
        approval = _fresh(pk)
        audit.record("approval.execute", _thing(approval), after={"act": approval.act}, by=approval.decided_by)
    try:
        act = _act(approval.act)
        state = act.state(approval.arguments)
        if not hmac.compare_digest(digest(approval.act, approval.arguments, state), approval.digest):
            raise NotAsApproved("The target has changed since this was asked for. It was not run; ask again.")
        with transaction.atomic():
            result = act.run(approval.arguments, approval)
            Approval.objects.filter(pk=pk).update(state="done", result=json.loads(canonical(result)))
    except NotAsApproved as error:
        Approval.objects.filter(pk=pk).update(state="changed", error=error.message)
        raise
    except AIServiceError as error:
        Approval.objects.filter(pk=pk).update(state="failed", error=error.message)
        raise
    except Exception:
        Approval.objects.filter(pk=pk).update(
            state="failed", error="It failed for a reason of its own; see the log."
        )
        logger.exception("approved act %s failed", approval.act)
        raise
    return _fresh(pk)


def cancel(pk: UUID) -> bool:
    """Takes a waiting request back; True where it still waited."""
    return bool(Approval.objects.filter(pk=pk, state="pending").update(state="cancelled"))


def expire() -> int:
    """Ends what nobody decided in time: no answer is a no. How many."""
    now = timezone.now()
    Approval.objects.filter(state="approved", expires_at__lte=now).update(state="expired")
    return Approval.objects.filter(state="pending", expires_at__lte=now).update(state="expired")


def waiting_for(user: Any) -> int:
    """How many this user can decide now."""
    if not may(user, "decide approvals"):
        return 0
    open_ = Approval.objects.filter(state="pending", expires_at__gt=timezone.now())
    return open_.exclude(requested_by=user).count()


def why_not(user: Any, approval: Approval) -> str:
    """Why this user may not decide it, in a sentence; empty where they may."""
    if not may(user, "decide approvals"):
        return "Admins and engineers decide approvals."
    if approval.requested_by_id is not None and approval.requested_by_id == user.pk:
        return "You asked for this; somebody else decides."
    return ""


def _may_decide(user: Any, approval: Approval) -> None:
    if reason := why_not(user, approval):
        raise NotAllowed(reason, code="not_the_approver")


def digest(act: str, arguments: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """HMAC-SHA256 in hex, under a key made from SECRET_KEY."""
    key = hashlib.sha256(b"approval:" + settings.SECRET_KEY.encode()).digest()
    bound = canonical({"act": act, "arguments": arguments, "state": state, "policy": POLICY})
    return hmac.new(key, bound.encode(), hashlib.sha256).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted names and no spaces; equal values give equal text. Errors: InvalidInput."""
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str
        )
    except (TypeError, ValueError) as error:
        raise InvalidInput("The arguments must be plain JSON values.", param="arguments") from error


def _thing(approval: Approval) -> audit.Thing:
    return audit.Thing("approval", str(approval.pk), approval.title[:200])


def _act(name: str) -> Act:
    if name not in _acts:
        raise NotFound(f"There is no act {name[:80]}.", param="act")
    return _acts[name]


def _fresh(pk: UUID) -> Approval:
    return Approval.objects.select_related("requested_by", "decided_by").get(pk=pk)


__all__ = ["Act", "cancel", "decide", "execute", "expire", "register", "request", "waiting_for", "why_not"]
