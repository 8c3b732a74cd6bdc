"""Who calls a tool, on whose rights, and whether they still may: read anew for every call."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model

from intelligence.agents import scopes
from intelligence.models import Agent, AgentStop
from intelligence.models.agents import CALLS_PER_MINUTE
from providers.exceptions import NotAllowed
from providers.tool_permissions import permitted
from providers.tools import Tool
from providers.trail import audit


@dataclass(frozen=True, slots=True)
class Caller:
    """An agent's call runs as its owner and within `scopes`. `agent_id` None: the owner in person, or a run that
    they started. `run_id`: the run that it belongs to; `jti`: the token that it came with."""

    agent_id: UUID | None
    owner_id: int
    scopes: frozenset[str]
    run_id: UUID | None = None
    jti: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, to be kept with an approval."""
        return {
            "agent": str(self.agent_id) if self.agent_id else None,
            "owner": self.owner_id,
            "scopes": sorted(self.scopes),
            "run": str(self.run_id) if self.run_id else None,
            "jti": self.jti,
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Caller":
        """The caller whose `as_dict` that was."""
        agent, run = kept["agent"], kept["run"]
        return cls(
            UUID(agent) if agent else None,
            kept["owner"],
            frozenset(kept["scopes"]),
            UUID(run) if run else None,
            kept["jti"],
        )


_calling: ContextVar[Caller | None] = ContextVar("calling", default=None)


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """The tool that runs inside was called by this caller."""
    token = _calling.set(caller)
    try:
        yield
    finally:
        _calling.reset(token)


def current() -> Caller | None:
    """Who called the tool that runs here through the gate; None where nobody did."""
    return _calling.get()


@dataclass(frozen=True, slots=True)
class Standing:
    """A caller that may act now. `granted`: what its agent may at this moment; a token never allows more."""

    caller: Caller
    owner: Any
    agent: Agent | None
    granted: frozenset[str]

    @property
    def name(self) -> str:
        return self.agent.name if self.agent else self.owner.get_username()

    def may(self, tool: Tool) -> bool:
        """Within the scopes of the call, of the agent, and what its owner's role may."""
        return self.scoped(tool) and permitted(self.owner, tool.permission)

    def scoped(self, tool: Tool) -> bool:
        """Within the scopes of the call and of the agent."""
        return scopes.fits(tool, self.caller.scopes) and scopes.fits(tool, self.granted)

    @property
    def thing(self) -> audit.Thing:
        """As the audit log names it."""
        if self.agent:
            return audit.Thing("agent", str(self.agent.pk), self.agent.name)
        return audit.user(self.owner)

    @property
    def counted_as(self) -> str:
        """Whose calls count together against a rate."""
        return str(self.caller.agent_id or f"user-{self.caller.owner_id}")


def standing(caller: Caller) -> Standing:
    """Two or three reads. Errors: NotAllowed (`agents_stopped`, `agent_revoked`, `owner_inactive`)."""
    if (why := _stopped()) is not None:
        raise NotAllowed(stop_sentence(why), code="agents_stopped")
    if caller.agent_id is None:
        owner, agent = _row(get_user_model(), caller.owner_id), None
    else:
        agent = _row(Agent, caller.agent_id)
        if agent is None or not agent.active:
            raise NotAllowed("This agent was revoked.", code="agent_revoked")
        owner = _row(get_user_model(), agent.owner_id)
    if owner is None or not owner.is_active or owner.pk != caller.owner_id:
        raise NotAllowed("The person who answers for this call has no active account.", code="owner_inactive")
    granted = frozenset(agent.scopes.split()) if agent else caller.scopes
    return Standing(caller, owner, agent, granted)


def _stopped() -> str | None:
    """Why all agents are stopped; None where they are not. By hand: it is asked at every call."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT why FROM {AgentStop._meta.db_table} WHERE id = 1 AND stopped")  # noqa: S608
        row = cursor.fetchone()
    return None if row is None else row[0]


def _row(model: type[Model], pk: Any) -> Any:
    """The row, None where there is none. By hand as well: making such a query anew takes longer than asking it."""
    key = model._meta.pk
    query = f"SELECT * FROM {model._meta.db_table} WHERE {key.column} = %s"  # noqa: S608  (our own tables)
    return next(iter(model._base_manager.raw(query, [key.get_db_prep_value(pk, connection)])), None)


def stop_sentence(why: str) -> str:
    return f"All agents are stopped{f': {why}' if why else ''}."


def answers_for(caller: Caller) -> Any:
    """The person whom its entries in the audit log name; None where there is no such account any more."""
    return get_user_model().objects.filter(pk=caller.owner_id).first()


def named(caller: Caller) -> audit.Thing:
    """The caller as the audit log names it, whether or not it may still act."""
    if caller.agent_id is None:
        return audit.Thing("user", str(caller.owner_id))
    name = Agent.objects.filter(pk=caller.agent_id).values_list("name", flat=True).first()
    return audit.Thing("agent", str(caller.agent_id), name or "")


__all__ = [
    "CALLS_PER_MINUTE",
    "Caller",
    "Standing",
    "answers_for",
    "calling",
    "current",
    "named",
    "standing",
    "stop_sentence",
]
