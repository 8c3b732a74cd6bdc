"""Two agents of the made-up team: what one read, what it was refused, what the other waits for."""

from typing import Any

from aiops_site.demo import services
from intelligence.agents import admission, roster
from intelligence.agents.admission import Admitted, Refused
from intelligence.agents.callers import Caller
from intelligence.models import Deployment, Status
from providers.tools import ToolRegistry

READER, KEEPER = "nightwatch (sample)", "cap-keeper (sample)"


def write(team: dict[str, Any]) -> None:
    """Nobody has their keys: they are forgotten as soon as they are made."""
    reader, _ = roster.create(team["mara"], READER, team["ivo"].username, ["read"])
    keeper, _ = roster.create(team["mara"], KEEPER, team["lee"].username, ["usage:read", "caps:write"])
    failed = (
        Deployment.objects.filter(service__in=services.IDS, status=Status.FAILED).order_by("finished_at").last()
    )
    reads = [("list_services", {}), ("list_deployments", {"failed": True})]
    if failed is not None:
        reads += [(name, {"deployment_id": str(failed.pk)}) for name in ("read_log", "analyze_log")]
    for name, arguments in [*reads, ("redeploy", {"service": "billing"})]:
        _call(Caller(reader.pk, reader.owner_id, frozenset({"read"})), name, arguments)
    raised = {"username": team["ivo"].username, "daily_cost_cap_usd": 15, "until": "week"}
    own = Caller(keeper.pk, keeper.owner_id, frozenset({"usage:read", "caps:write"}))
    _call(own, "list_caps", {})
    _call(own, "set_cap", {**raised, "reason": "A release this week; 92 % of the cap was used by noon yesterday."})


def _call(caller: Caller, name: str, arguments: dict[str, Any]) -> None:
    """Through the gate's own steps, in the transaction that is open; a refusal is a part of the sample."""
    try:
        step = admission.admit(caller, name, arguments, None)
    except Refused:
        return
    if isinstance(step, Admitted):
        admission.succeeded(step, ToolRegistry.run(step.tool, step.given, step.mask))
