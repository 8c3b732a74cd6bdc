"""A deployment of a fix's branch: asked for first, unless its service says otherwise."""

from typing import Any

from intelligence.approval import approvals
from intelligence.fleet import deployments
from intelligence.models import Approval, Deployment
from jules import switches
from jules.models import FixAttempt
from providers.exceptions import NotFound

DEPLOY = "jules.deploy"


def after_pull_request(attempt: FixAttempt) -> None:
    """Queues the deployment, or asks for it, where the switches say so. Sync; again does nothing."""
    service = attempt.service
    if attempt.redeployment_id or service.deployer == "none" or not switches.deploys(service):
        return
    if not service.deploy_needs_approval:
        queue(attempt)
        return
    asked = approvals.request(
        DEPLOY,
        {"attempt": attempt.pk, "branch": attempt.branch, "commit": attempt.sha},
        user=attempt.requested_by,
        requester=attempt.requester,
        target=service.name,
        title=f"Deploy {attempt.branch} of {service.name}",
        why=attempt.description[:500],
        evidence_url=f"/jules/{attempt.pk}/",
        touches=[
            ["Service", service.name],
            ["Deployer", service.deployer],
            ["Environment", attempt.deployment.environment],
        ],
    )
    FixAttempt.objects.filter(pk=attempt.pk).update(approval=asked)


def queue(attempt: FixAttempt) -> Deployment:
    """Errors: InvalidInput where the service has no deployer any more."""
    made = deployments.queue(
        attempt.service,
        attempt.requested_by or attempt.service.owner,
        branch=attempt.branch,
        commit=attempt.sha,
        environment=attempt.deployment.environment,
        fixes=attempt.deployment,
    )
    FixAttempt.objects.filter(pk=attempt.pk).update(redeployment=made)
    return made


def of(arguments: dict[str, Any]) -> FixAttempt:
    found = FixAttempt.objects.select_related("service", "deployment").filter(pk=arguments.get("attempt")).first()
    if found is None:
        raise NotFound("There is no such fix.")
    return found


def deploy(arguments: dict[str, Any], approval: Approval) -> Any:
    """The approved act."""
    return {"deployment": str(queue(of(arguments)).pk)}


def deploy_state(arguments: dict[str, Any]) -> dict[str, Any]:
    """What the approver was shown must still hold: the commit, the open pull request, nothing deployed yet."""
    attempt = of(arguments)
    return {"sha": attempt.sha, "pull_request": attempt.pr_state, "redeployed": bool(attempt.redeployment_id)}


def plan_state(arguments: dict[str, Any]) -> dict[str, Any]:
    attempt = of(arguments)
    return {"state": attempt.state if attempt.state in ("failed", "succeeded") else "open", "files": attempt.files}


def go_on(arguments: dict[str, Any], approval: Approval) -> Any:
    """An approved plan: a worker goes on with it."""
    from django.db import transaction

    from jules import nudges

    attempt = of(arguments)
    transaction.on_commit(lambda: nudges.workers(attempt.pk))
    return {"attempt": attempt.pk}


def register() -> None:
    """The acts that a person can approve."""
    from jules.work.plan import APPROVE

    approvals.register(approvals.Act(DEPLOY, deploy, deploy_state))
    approvals.register(approvals.Act(APPROVE, go_on, plan_state))
