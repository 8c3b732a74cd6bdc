"""The life of deployments: queue a real one, record one that happened elsewhere, move it on, ask it to stop.

A deployment that becomes FAILED only changes its row; whoever analyses or fixes it picks such rows up.
"""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from intelligence import nudges
from intelligence.fleet.states import STAMPS, may_become
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import ENDED, Deployment, Service, Status
from providers.exceptions import InvalidInput, NotFound
from providers.trail import audit

BUILT_HERE = "This deployment is made here; its worker says how it stands. Cancel it instead."
REPORTED = "A deployment with this external_id was reported already. Change that one with PATCH."
NO_DEPLOYER = (
    "This service has no deployer: send `status` to record a deployment that happened elsewhere, "
    "or set its deployer to local or hook."
)


def found(user: Any, pk: Any) -> Deployment:
    """Errors: NotFound, the same for a foreign and an unknown id."""
    one = Deployment.objects.visible_to(user).filter(pk=pk).select_related("service", "fixes").first()
    if one is None:
        raise NotFound("There is no such deployment for you.")
    return one


def running(service: Service) -> Deployment | None:
    """What runs: its newest deployment that became RUNNING."""
    return service.deployments.filter(status=Status.RUNNING).order_by("-finished_at", "-created_at").first()


def restart(service: Service, user: Any) -> Deployment:
    """Calls the service's hook once more for what runs. Errors: those of `restartable`."""
    now = restartable(service)
    about = {"branch": now.branch, "commit": now.commit, "environment": now.environment}
    return queue(service, user, deployer="hook", **about)


def restartable(service: Service) -> Deployment:
    """What runs and would be started anew. Errors: InvalidInput where it has no hook, or nothing runs."""
    now = running(service)
    if not service.deploy_hook_url:
        raise InvalidInput(
            f"{service.name} has no deploy hook, so it can't be restarted from here.", code="no_hook"
        )
    if now is None:
        raise InvalidInput(f"Nothing of {service.name} runs, so there is nothing to restart.", code="not_running")
    return now


def queue(service: Service, user: Any, *, deployer: str = "", **about: Any) -> Deployment:
    """A real deployment with the service's deployer (or `deployer`), to be claimed by a worker.

    `about`: commit, branch, environment, fixes. Errors: InvalidInput where the service has no deployer.
    """
    deployer = deployer or service.deployer
    if deployer == "none":
        raise InvalidInput(NO_DEPLOYER, param="status", code="no_deployer")
    about.setdefault("branch", service.default_branch)
    with transaction.atomic():
        made = Deployment.objects.create(service=service, requested_by=user, origin=deployer, **about)
        audit.record(
            "deployment.queue", thing(made), after={"branch": made.branch, "commit": made.commit}, by=user
        )
        transaction.on_commit(lambda: nudges.deployer(made.pk))
    return made


def report(service: Service, user: Any, status: str, log: str = "", **about: Any) -> Deployment:
    """Records a deployment that happened elsewhere, in the status that it has there, with its log so far.

    Errors: InvalidInput where one with this `external_id` was reported already."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                made = Deployment.objects.create(service=service, requested_by=user, **about)
        except IntegrityError as error:
            raise InvalidInput(REPORTED, param="external_id", code="already_reported") from error
        if log:
            logbook.append(made.pk, log, redactor())
        return advance(made.pk, status, reason=about.get("reason", ""))


def reported(deployment: Deployment, status: str, reason: str = "") -> Deployment:
    """What somebody else tells of it. Errors: InvalidInput for one that is made here, or for a step backwards."""
    if deployment.origin == "local":
        raise InvalidInput(BUILT_HERE, param="status", code="built_here")
    return advance(deployment.pk, status, reason)


def advance(deployment_id: UUID, status: str, reason: str = "", *, token: str = "") -> Deployment:
    """Moves it to `status`; the same status again changes nothing. With `token`, only while that claim holds.

    Errors: InvalidInput for a step backwards, and for a claim that is gone."""
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update().get(pk=deployment_id)
        if token and deployment.claimed_by != token:
            raise InvalidInput("Another worker has this deployment.", code="lease_lost")
        before = deployment.status
        if not may_become(before, status):
            raise InvalidInput(f"A deployment that is {before} can't become {status}.", param="status")
        if before == status:
            return deployment
        deployment.status = status
        if status in (Status.FAILED, Status.CANCELLED):
            deployment.failed_in, deployment.reason = before, reason
        if status in ENDED:
            deployment.claimed_by, deployment.claim_expires_at = "", None
        if status in STAMPS:
            setattr(deployment, STAMPS[status], timezone.now())
        deployment.save()
        if status == Status.FAILED:
            transaction.on_commit(lambda: nudges.failed(deployment_id))
        return deployment


def ask_to_stop(deployment: Deployment) -> bool:
    """True where it was still open. Its worker stops it; one that nobody works on ends at once."""
    with transaction.atomic():
        locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
        if locked.status in ENDED:
            return False
        locked.cancel_requested = True
        locked.save(update_fields=["cancel_requested"])
        audit.record("deployment.cancel", thing(locked), before={"status": locked.status})
        if not locked.claimed_by:
            advance(locked.pk, Status.CANCELLED, "Cancelled before it began.")
        return True


def thing(deployment: Deployment) -> audit.Thing:
    """As the audit log names it."""
    label = f"{deployment.service.name} {deployment.commit[:8] or deployment.branch}".strip()
    return audit.Thing("deployment", str(deployment.pk), label)
