"""Tools as acts that a person approves: made for the caller that asked, checked anew when they run."""

from collections.abc import Mapping
from typing import Any

from intelligence.agents import callers
from intelligence.agents.admission import FAMILY
from intelligence.agents.callers import Caller, Standing
from intelligence.approval import approvals
from intelligence.logs import secrets
from intelligence.models import Approval
from providers.exceptions import NotAllowed
from providers.tools import Tool, ToolRegistry


def act_for(name: str, kept: Mapping[str, Any]) -> approvals.Act:
    """The act of calling that tool for that caller. Errors: NotFound."""
    tool, caller = ToolRegistry.get(name), Caller.of(kept)

    def state(arguments: dict[str, Any]) -> dict[str, Any]:
        _, given = allowed(caller, tool, arguments)
        return tool.preview(**given).state if tool.preview else {}

    def run(arguments: dict[str, Any], approval: Approval) -> Any:
        _, given = allowed(caller, tool, arguments)
        return ToolRegistry.run(tool, given, secrets.current())

    return approvals.Act(f"{FAMILY}.{name}", run, state, atomic=tool.atomic and not tool.is_async)


def allowed(caller: Caller, tool: Tool, arguments: Mapping[str, Any]) -> tuple[Standing, dict[str, Any]]:
    """The caller's standing and the arguments of the tool's function, as of now.

    Errors: NotAllowed where agents are stopped, or agent, owner, scope or role no longer allow it; InvalidInput.
    """
    now = callers.standing(caller)
    if not now.may(tool):
        raise NotAllowed(f"{now.name} may no longer call {tool.name}.", code="scope_missing")
    return now, ToolRegistry.checked(tool.name, arguments, now.owner)[1]


def register() -> None:
    approvals.register_family(FAMILY, act_for)
