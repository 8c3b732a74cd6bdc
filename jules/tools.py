"""Tools for models and agents: fixes of failed deployments, how they went, and starting one."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from intelligence.fleet import deployments, services
from intelligence.models import Deployment
from jules import autofix, rows
from jules.models import OPEN_STATES, FixAttempt
from providers.exceptions import InvalidInput, NotFound
from providers.tools import Preview, tool

DeploymentId = Annotated[UUID, Field(description="A failed deployment's id")]
Engine = Annotated[
    Literal["", "local", "chat", "senate", "jules"], Field(description="Without it the service's own")
]


@tool(scopes=("fixes:read",))
def list_fixes(
    user: Any,
    service: Annotated[str, Field(description="A service's name or id", max_length=80)] | None = None,
    limit: Annotated[int, Field(description="How many at most", ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Fixes of failed deployments, newest first: state, step, error, pull request, cost."""
    found = FixAttempt.objects.visible_to(user).select_related("service").order_by("-created_at", "-pk")
    if service is not None:
        found = found.filter(service=services.named(user, service))
    return {"fixes": [rows.row_of(one) for one in found[:limit]]}


@tool(scopes=("fixes:read",))
def get_fix(attempt_id: Annotated[int, Field(description="Its number", ge=1)], user: Any) -> dict[str, Any]:
    """One fix, with its steps, its proof and its diff."""
    found = FixAttempt.objects.visible_to(user).filter(pk=attempt_id)
    attempt = found.select_related("service", "deployment", "approval").first()
    if attempt is None:
        raise NotFound("There is no such fix for you.", param="arguments")
    return rows.whole_of(attempt)


def preview_fix(deployment_id: UUID, user: Any, engine: str = "", reason: str = "") -> Preview:
    """Errors: InvalidInput where it has not failed, or a fix of it is under way."""
    one = deployments.found(user, deployment_id)
    if one.status != "FAILED":
        raise InvalidInput(f"Only a failed deployment is fixed; this one is {one.status}.", param="arguments")
    tried = FixAttempt.objects.filter(lineage=autofix.lineage_of(one))
    if under_way := tried.filter(state__in=OPEN_STATES).first():
        raise InvalidInput(f"Fix {under_way.pk} of this failure is under way already.", code="under_way")
    state = {"deployment": str(one.pk), "status": one.status, "attempts": tried.count()}
    return Preview(
        f"Fix {one.service.name}",
        one.service.name,
        state,
        _touches(one, tried.count()),
        [_says(one, engine)],
    )


def _touches(one: Deployment, attempts: int) -> list[list[str]]:
    branch = f"{autofix.PREFIX}{autofix.lineage_of(one)}"
    return [
        ["Service", one.service.name],
        ["Repository", one.service.repository_url or "none"],
        ["Branch", branch],
        ["Pull request", "one, as a draft where it can't be verified"],
        ["Attempts before", str(attempts)],
    ]


def _says(one: Deployment, engine: str) -> list[str]:
    failed = (
        f"failed in {one.failed_in}: {one.reason}" if one.reason else f"failed in {one.failed_in or one.status}"
    )
    return ["Deployment", failed[:200], f"a fix by {engine or one.service.fix_engine}, on a branch of its own"]


@tool(permission="engineer", risk="write", scopes=("fixes:write",), preview=preview_fix)
def start_fix(
    deployment_id: DeploymentId,
    user: Any,
    engine: Engine = "",
    reason: Annotated[str, Field(description="Why, for who approves it", max_length=500)] = "",
) -> dict[str, Any]:
    """Starts a fix of a failed deployment: a branch and a pull request, proven in the sandbox. A person approves
    it first."""
    attempt = autofix.start(deployments.found(user, deployment_id), user, engine)
    return rows.row_of(attempt)
