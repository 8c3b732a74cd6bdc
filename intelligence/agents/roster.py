"""Agents: made, given keys, revoked, all stopped at once. Every act is audited; a key is shown once."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from intelligence.agents import scopes
from intelligence.agents.callers import CALLS_PER_MINUTE
from intelligence.fleet import services
from intelligence.models import Agent, AgentKey, AgentStop, Approval
from providers.access.identity import digest
from providers.access.roles import Role, role_of
from providers.exceptions import InvalidInput, NotAllowed, NotFound
from providers.guard import mended
from providers.trail import audit

PREFIX = "aiops_agent_"
GRACE = timedelta(hours=24)  # how long the key before the newest lives on
MOST_CALLS = 100_000


def listed(user: Any) -> QuerySet[Agent]:
    """Every role reads which agents there are; nobody else does."""
    found = Agent.objects.select_related("owner", "created_by")
    return found if role_of(user) is not None else found.none()


def found(user: Any, pk: Any) -> Agent:
    """Errors: NotFound."""
    agent = listed(user).filter(pk=pk).first()
    if agent is None:
        raise NotFound("There is no such agent for you.")
    return agent


def create(
    by: Any, name: str, owner: str = "", wanted: Any = (), calls_per_minute: int = CALLS_PER_MINUTE
) -> tuple[Agent, str]:
    """The agent and its first key. `owner`: a username, without it `by`. Errors: InvalidInput."""
    name = mended(" ".join(name.split()))[:80]
    if not name:
        raise InvalidInput("Give the agent a name.", param="name")
    if not 1 <= calls_per_minute <= MOST_CALLS:
        raise InvalidInput(f"Calls a minute are 1 to {MOST_CALLS:,}.", param="calls_per_minute")
    whose, granted = _owner(owner) if owner else by, scopes.checked(wanted)
    agent = Agent(name=name, owner=whose, created_by=by, calls_per_minute=calls_per_minute)
    agent.scopes = " ".join(sorted(granted))
    try:
        with transaction.atomic():
            agent.save(force_insert=True)
            about = {"owner": whose.pk, "scopes": sorted(granted), "calls_per_minute": calls_per_minute}
            audit.record("agent.add", thing(agent), after=about, by=by)
            return agent, _new_key(agent)
    except IntegrityError as error:
        raise InvalidInput("Another agent has this name.", param="name", code="name_taken") from error


def _owner(text: str) -> Any:
    """By username, else by the account's number. Errors: InvalidInput."""
    active = get_user_model().objects.filter(is_active=True)
    by_number = text.isascii() and text.isdigit() and len(text) < 18 and not active.filter(username=text).exists()
    return (active.filter(pk=int(text)).first() if by_number else None) or services.owner_called(text)


def rotate(by: Any, agent: Agent, *, revoke_old: bool = False) -> tuple[str, datetime | None]:
    """A new key; the one before it lives on for a day, or ends now. The key, and until when the old one lives.

    Errors: NotAllowed, InvalidInput for an agent that was revoked."""
    _must_hold(by, agent)
    now = timezone.now()
    with transaction.atomic():
        locked = Agent.objects.select_for_update().get(pk=agent.pk)
        if not locked.active:
            raise InvalidInput("This agent was revoked; make a new one.", code="agent_revoked")
        before, *older = list(live_keys(locked)) or [None]
        AgentKey.objects.filter(pk__in=[key.pk for key in older]).update(ends_at=now)
        until = None if before is None else now if revoke_old else min(before.ends_at or now + GRACE, now + GRACE)
        if before is not None:
            AgentKey.objects.filter(pk=before.pk).update(ends_at=until)
        secret = _new_key(locked)
        about = {"ended": len(older) + (before is not None and revoke_old), "old_lives_until": str(until or "")}
        audit.record("agent.rotate", thing(locked), after=about, by=by)
    return secret, until if until and until > now else None


def revoke(by: Any, agent: Agent, reason: str = "") -> None:
    """Ends the agent: its keys, its tokens, and what it asked for and nobody decided. Again does nothing.

    Errors: NotAllowed."""
    _must_hold(by, agent)
    now = timezone.now()
    with transaction.atomic():
        changed = Agent.objects.filter(pk=agent.pk, active=True).update(
            active=False, revoked_at=now, generation=F("generation") + 1
        )
        if not changed:
            return
        live_keys(agent).update(ends_at=now)
        cancelled = Approval.objects.filter(agent=agent, state="pending").update(state="cancelled")
        audit.record("agent.revoke", thing(agent), after={"cancelled": cancelled}, reason=reason[:500], by=by)


def stop_all(by: Any, reason: str = "") -> AgentStop:
    """The kill switch: no token is given, no call runs, nothing approved is executed."""
    return _switch(by, True, reason)


def resume(by: Any, reason: str = "") -> AgentStop:
    """Errors: NotAllowed for anybody but an admin."""
    if role_of(by) != Role.ADMIN:
        raise NotAllowed("Only an admin lets agents work again.")
    return _switch(by, False, reason)


def _switch(by: Any, stopped: bool, reason: str) -> AgentStop:
    with transaction.atomic():
        row, _ = AgentStop.objects.select_for_update().get_or_create(pk=1)
        row.stopped, row.why, row.by, row.at = stopped, mended(reason.strip())[:500], by, timezone.now()
        row.save()
        audit.record("agents.stop" if stopped else "agents.resume", audit.Thing("agents"), reason=row.why, by=by)
    return row


def live_keys(agent: Agent) -> QuerySet[AgentKey]:
    """Newest first."""
    return agent.keys.filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now())).order_by("-created_at", "-pk")


def _new_key(agent: Agent) -> str:
    # 256 random bits, so that a plain hash can't be guessed back.
    secret = PREFIX + secrets.token_urlsafe(32)
    AgentKey.objects.create(agent=agent, digest=digest(secret))
    return secret


def _must_hold(by: Any, agent: Agent) -> None:
    if role_of(by) != Role.ADMIN and agent.owner_id != getattr(by, "pk", None):
        raise NotAllowed("Only an admin, or who owns the agent, can do this.")


def thing(agent: Agent) -> audit.Thing:
    """As the audit log names it."""
    return audit.Thing("agent", str(agent.pk), agent.name)


def named(name: str) -> Agent | None:
    return Agent.objects.filter(name__iexact=name).select_related("owner").first()


def change_scopes(by: Any, agent: Agent, wanted: Any) -> None:
    """Holds from the next call on, for tokens that are out too. Errors: InvalidInput."""
    granted = scopes.checked(wanted)
    with transaction.atomic():
        Agent.objects.filter(pk=agent.pk).update(scopes=" ".join(sorted(granted)))
        before, after = {"scopes": agent.scopes.split()}, {"scopes": sorted(granted)}
        audit.record("agent.change", thing(agent), before=before, after=after, by=by)
