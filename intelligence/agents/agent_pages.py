"""What the pages of agents show, as plain values. The same dict is their JSON. Never a key."""

from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from intelligence.agents import roster, scopes
from intelligence.models import Agent, AgentStop, Approval
from providers.access.roles import Role, may, role_of
from providers.models import AuditEntry
from providers.tools import Tool, ToolRegistry

MOST, ENTRIES, APPROVALS = 500, 50, 20
ROLE = "decide approvals"  # whoever may, may also stop all agents
WORDS = {"tool.call": "called", "tool.refuse": "was refused", "token.issue": "got a token"}
WORDS |= {"token.refuse": "was refused a token", "token.end": "gave its token back", "agent.refuse": "was refused"}
WORDS |= {"agent.add": "was made", "agent.rotate": "got a new key", "agent.revoke": "was revoked"}
WORDS |= {"agent.change": "got other scopes"}
STATES = {"pending": "Waiting", "approved": "Writing", "executing": "Writing", "done": "Done", "denied": "Refused"}
STATES |= {"failed": "Failed", "expired": "Timed out", "changed": "Failed", "cancelled": "Cancelled"}


def tabs(user: Any, current: str) -> list[dict[str, Any]]:
    """The pages of agents, by the name of their address; nothing where the others are closed to the role."""
    if not may(user, ROLE):
        return []
    named = (("Agents", "agents"), ("Troubleshooting runs", "agent-runs"), ("Sandbox", "sandbox"))
    return [
        {"label": label, "url": reverse(f"intelligence:{name}"), "current": name == current}
        for label, name in named
    ]


def agents_page(user: Any) -> dict[str, Any]:
    """All agents, those that work first; the tools there are; the kill switch."""
    waiting = Count("approvals", filter=Q(approvals__state="pending", approvals__expires_at__gt=timezone.now()))
    now = timezone.now()
    live = Count("keys", filter=Q(keys__ends_at=None) | Q(keys__ends_at__gt=now), distinct=True)
    found = roster.listed(user).annotate(waiting=waiting, live_keys=live).order_by("-active", "name")[:MOST]
    return {
        "agents": [row(agent) | {"waiting": agent.waiting, "live_keys": agent.live_keys} for agent in found],
        "tools": [tool_row(tool) for tool in ToolRegistry.tools()],
        "areas": scope_choices(),
        "tabs": tabs(user, "agents"),
        "stop": stop_row(),
        "may_make": role_of(user) == Role.ADMIN,
        "may_stop": may(user, ROLE),
        "username": user.get_username(),
        "errors": {},
        "values": {},
    }


def row(agent: Agent) -> dict[str, Any]:
    return {
        "id": str(agent.pk),
        "url": reverse("intelligence:agent", args=[agent.pk]),
        "name": agent.name,
        "owner": agent.owner.get_full_name() or agent.owner.get_username(),
        "owner_active": agent.owner.is_active,
        "scopes": agent.scopes.split(),
        "active": agent.active,
        "calls_per_minute": agent.calls_per_minute,
        "created_at": agent.created_at.isoformat(),
        "last_used_at": agent.last_used_at.isoformat() if agent.last_used_at else None,
        "revoked_at": agent.revoked_at.isoformat() if agent.revoked_at else None,
    }


def tool_row(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.spec.description,
        "risk": tool.risk,
        "approval": tool.approval,
        "scopes": sorted(tool.scopes),
        "permission": tool.permission,
    }


def scope_choices() -> list[dict[str, Any]]:
    """Risks, then areas, each with the tools that it lets through."""
    names = {tool.name for tool in ToolRegistry.tools()}
    areas = sorted(scopes.known() - names - set(scopes.RISKS))
    return [{"scope": scope, "tools": _through(scope)} for scope in (*scopes.RISKS, *areas)]


def _through(scope: str) -> list[str]:
    return [tool.name for tool in ToolRegistry.tools() if scopes.fits(tool, {scope})]


def stop_row() -> dict[str, Any]:
    found = AgentStop.objects.filter(pk=1).select_related("by").first()
    if found is None:
        return {"stopped": False, "why": "", "by": "", "at": None}
    by = (found.by.get_full_name() or found.by.get_username()) if found.by else ""
    return {"stopped": found.stopped, "why": found.why, "by": by, "at": found.at and found.at.isoformat()}


def agent_page(user: Any, agent: Agent) -> dict[str, Any]:
    """One agent: its keys, what it did, what it asked for."""
    asked = list(Approval.objects.filter(agent=agent).select_related("decided_by")[:APPROVALS])
    granted = agent.scopes.split()
    own = role_of(user) == Role.ADMIN or agent.owner_id == user.pk
    return {
        "agent": row(agent),
        "keys": [_key(key) for key in roster.live_keys(agent)],
        "tools": [tool.name for tool in ToolRegistry.tools_for(agent.owner) if scopes.fits(tool, granted)],
        "did": did(agent),
        "approvals": [_approval(one) for one in asked],
        "stop": stop_row(),
        "may_change": own and may(user, ROLE),
        "audit_url": f"{reverse('providers:audit')}?object=agent%3A{agent.pk}",
        "sees_audit": may(user, "see everyone's usage"),
        "crumbs": [{"label": "Agents", "url": reverse("intelligence:agents")}, {"label": agent.name}],
    }


def did(agent: Agent) -> list[dict[str, Any]]:
    """Newest first; how a call ended is told with the call."""
    rows = list(AuditEntry.objects.filter(object_type="agent", object_id=str(agent.pk))[: 2 * ENTRIES])
    ended = {row.became.get("call"): row for row in rows if row.action == "tool.result"}
    shown = [row for row in rows if row.action != "tool.result"][:ENTRIES]
    return [_entry(row, ended.get(row.number)) for row in shown]


def _key(key: Any) -> dict[str, Any]:
    moments = ("created_at", "ends_at", "last_used_at")
    return {"id": key.pk} | {name: at.isoformat() if (at := getattr(key, name)) else None for name in moments}


def _entry(entry: AuditEntry, end: AuditEntry | None) -> dict[str, Any]:
    told = {**entry.became, **({"error": end.became.get("error", "")} if end else {})}
    outcome = "running" if entry.action == "tool.call" else entry.outcome
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "words": WORDS.get(entry.action, entry.action),
        "tool": told.get("tool", ""),
        "arguments": told.get("arguments", "") if told.get("arguments") != "{}" else "",
        "why": told.get("why") or told.get("error") or entry.reason,
        "outcome": end.outcome if end else outcome,
        "ended": entry.action == "tool.call" and end is not None,
    }


def _approval(one: Approval) -> dict[str, Any]:
    return {
        "url": reverse("intelligence:approval", args=[one.pk]),
        "title": one.title,
        "risk": one.risk,
        "state": one.state,
        "badge": STATES[one.state],
        "created_at": one.created_at.isoformat(),
        "decided_by": one.decided_by.get_username() if one.decided_by else "",
    }
