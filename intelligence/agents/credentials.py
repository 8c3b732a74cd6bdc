"""From a long-lived key, or a person's own session, to a token of minutes; from a token to its caller."""

import time
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from intelligence.agents import scopes, tokens
from intelligence.agents.callers import Caller, named, standing
from intelligence.agents.tokens import LONGEST_S, Claims, TokenRefused
from intelligence.models import Agent, AgentKey, AgentStop, EndedToken
from providers.access.identity import digest
from providers.access.roles import Role, role_of
from providers.exceptions import AIServiceError, InvalidInput, NotFound, RateLimited
from providers.rates import throttles
from providers.trail import audit

SHORTEST_S = 30
ISSUES = "60/min"  # tokens of one agent or person
WRONG = "30/min"  # of one address: what is over it is refused unread
TOUCH_EVERY = timedelta(minutes=1)


class KeyRefused(AIServiceError):
    http_status = 401
    type = "authentication_error"
    code = "invalid_agent_key"


def for_key(secret: str, asked: Any, expires_in: Any, address: str) -> tuple[str, Claims]:
    """A token for who holds an agent's key. Errors: KeyRefused, NotAllowed, InvalidInput, RateLimited; audited."""
    now = timezone.now()
    live = AgentKey.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now)).select_related("agent__owner")
    key = live.filter(digest=digest(secret)).first()
    if key is None or not key.agent.active or not key.agent.owner.is_active:
        note_wrong("agent_key", "unknown" if key is None else "revoked", address)
        raise KeyRefused("This agent key is not valid here.")
    caller = Caller(key.agent.pk, key.agent.owner_id, frozenset())
    made = _issued(caller, frozenset(key.agent.scopes.split()), asked, expires_in, key.agent.generation, key.pk)
    touched = {"last_used_at": now}
    AgentKey.objects.filter(pk=key.pk).update(**touched)
    Agent.objects.filter(pk=key.agent.pk).update(**touched)
    return made


def for_person(user: Any, agent_id: Any, asked: Any, expires_in: Any) -> tuple[str, Claims]:
    """A token for a person's own hand: as themselves, or as an agent of theirs (an admin's: of anybody's).

    Errors: NotFound for somebody else's agent, NotAllowed, InvalidInput, RateLimited; audited.
    """
    if agent_id is None:
        return _issued(Caller(None, user.pk, frozenset()), scopes.known(), asked, expires_in, 0, 0)
    agent = Agent.objects.filter(pk=agent_id, active=True).first()
    if agent is None or (agent.owner_id != user.pk and role_of(user) != Role.ADMIN):
        raise NotFound("There is no such agent of yours.", param="agent")
    caller = Caller(agent.pk, agent.owner_id, frozenset())
    return _issued(caller, frozenset(agent.scopes.split()), asked, expires_in, agent.generation, 0)


def _issued(
    caller: Caller, granted: frozenset[str], asked: Any, expires_in: Any, generation: int, key_id: int
) -> tuple[str, Claims]:
    try:
        now = standing(caller)
        throttles.take("token", ISSUES, now.counted_as)
        wanted = scopes.narrowed(granted, scopes.checked(asked)) if asked else granted
        lasts = _lasts(expires_in)
    except AIServiceError as error:
        about = {"code": error.code, "why": error.message}
        audit.record("token.refuse", named(caller), after=about, outcome="refused")
        raise
    began = int(time.time())
    claims = Claims(
        caller.agent_id, caller.owner_id, wanted, generation, key_id, uuid4().hex, began, began + lasts
    )
    about = {"jti": claims.jti, "scopes": sorted(wanted), "seconds": lasts}
    audit.record("token.issue", now.thing, after=about, by=now.owner)
    return tokens.make(claims), claims


def _lasts(given: Any) -> int:
    """Seconds; more than the longest is cut to it."""
    if given is None:
        return LONGEST_S
    if not isinstance(given, int) or isinstance(given, bool) or given < SHORTEST_S:
        raise InvalidInput(f"expires_in is a number of seconds, {SHORTEST_S} to {LONGEST_S}.", param="expires_in")
    return min(given, LONGEST_S)


def caller_of(text: str) -> Caller:
    """Who a token stands for now: one query beside its signature. Errors: TokenRefused."""
    claims = tokens.read(text)
    if claims.agent_id is None:
        _check_person(claims)
    else:
        _check_agent(claims)
    return Caller(claims.agent_id, claims.owner_id, claims.scopes, jti=claims.jti)


def _check_agent(claims: Claims) -> None:
    pk = Agent._meta.pk.get_db_prep_value(claims.agent_id, connection)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_agent_sql(), [claims.jti, claims.key_id, now, pk])
        row = cursor.fetchone()
    if row is None or not row[0]:
        raise TokenRefused("agent_revoked")
    _, generation, owner_id, owner_active, ended, key_lives = row
    if generation != claims.generation or ended or owner_id != claims.owner_id:
        raise TokenRefused("revoked")
    if not owner_active:
        raise TokenRefused("owner_inactive")
    if claims.key_id and not key_lives:
        raise TokenRefused("key_rotated")


def _check_person(claims: Claims) -> None:
    active = get_user_model().objects.filter(pk=claims.owner_id, is_active=True).exists()
    if not active or EndedToken.objects.filter(jti=claims.jti).exists():
        raise TokenRefused("revoked" if active else "owner_inactive")


@lru_cache(maxsize=2)
def _agent_sql() -> str:
    """By hand: it runs for every call, and making it from querysets costs more than running it."""
    agent, key, user = Agent._meta.db_table, AgentKey._meta.db_table, get_user_model()._meta.db_table
    return f"""
        SELECT a.active, a.generation, a.owner_id, u.is_active,
               EXISTS (SELECT 1 FROM {EndedToken._meta.db_table} e WHERE e.jti = %s),
               EXISTS (SELECT 1 FROM {key} k WHERE k.id = %s AND k.agent_id = a.id
                       AND (k.ends_at IS NULL OR k.ends_at > %s))
        FROM {agent} a JOIN {user} u ON u.id = a.owner_id WHERE a.id = %s"""  # noqa: S608  (our own tables)


def give_back(caller: Caller) -> None:
    """Ends a token before its time."""
    until = timezone.now() + timedelta(seconds=LONGEST_S)
    with transaction.atomic():
        EndedToken.objects.filter(expires_at__lt=timezone.now()).delete()
        EndedToken.objects.get_or_create(jti=caller.jti, defaults={"expires_at": until})
        audit.record("token.end", named(caller), after={"jti": caller.jti})


def note_wrong(kind: str, why: str, address: str) -> None:
    """Audits a token or key that was refused. Errors: RateLimited for an address that sends too many."""
    if not throttles.granted("wrong-credential", WRONG, address or "nowhere"):
        raise RateLimited("Too many wrong tokens or keys from this address. Wait a minute.", retry_after=60)
    audit.record("token.refuse", audit.Thing(kind), after={"why": why}, outcome="refused")


def stopped() -> AgentStop | None:
    """The kill switch where it is on."""
    return AgentStop.objects.filter(pk=1, stopped=True).select_related("by").first()
