"""The door of the auto-fixer: from a failed deployment to a pull request.

    attempt = autofix.start(deployment, user)          a row; a worker takes it
    result = autofix.fix(deployment.pk)                the same, worked on here until it has ended

`fix` is a Celery task too: `fix.delay(str(deployment.pk))`. No failure leaves it: it ends in a sentence.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from intelligence.models import Deployment, Status
from intelligence.models.services import ENGINES
from jules import nudges
from jules.context import _collect_failure_context
from jules.models import OPEN_STATES, FixAttempt, FixStep
from jules.work import store
from jules.work.desk import DESK
from providers.exceptions import AIServiceError, InvalidInput, NotFound
from providers.runtime import loop
from providers.trail import audit

__all__ = ["FixResult", "_collect_failure_context", "fix", "lineage_of", "retry", "start", "take"]
PREFIX = "jules/auto-fix-"
MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class FixResult:
    """`error`: the step and a sentence, empty where it succeeded."""

    success: bool
    error: str = ""
    attempt_id: int | None = None
    step: str = ""
    verified: bool = False
    truncated: bool = False
    pull_request: str = ""
    cost_usd: str = "0"


def lineage_of(deployment: Deployment) -> UUID:
    """The deployment that failed first: the one that this one, or its branch, tries to fix."""
    seen: set[UUID] = set()
    while deployment.fixes is not None and deployment.pk not in seen:
        seen.add(deployment.pk)
        deployment = deployment.fixes
    if deployment.branch.startswith(PREFIX):
        try:
            return UUID(deployment.branch.removeprefix(PREFIX))
        except ValueError:
            return deployment.pk
    return deployment.pk


def start(deployment: Deployment, user: Any, engine: str = "", requester: str = "") -> FixAttempt:
    """Queues an attempt and asks a worker to take it; the one that is open already is that one.

    Errors: InvalidInput where the deployment has not failed, the engine is unknown, or the lineage is used up.
    """
    if deployment.status != Status.FAILED:
        raise InvalidInput(
            f"Only a failed deployment is fixed; this one is {deployment.status}.", param="deployment_id"
        )
    engine = engine or deployment.service.fix_engine
    if engine not in ENGINES:
        raise InvalidInput(f"The engine is one of {', '.join(ENGINES)}.", param="engine")
    if there := FixAttempt.objects.filter(deployment=deployment, state__in=OPEN_STATES).first():
        return there
    lineage = lineage_of(deployment)
    _check_lineage(lineage)
    root = Deployment.objects.filter(pk=lineage).first() or deployment
    base = root.branch if root.branch and not root.branch.startswith(PREFIX) else deployment.service.default_branch
    try:
        with transaction.atomic():
            made = FixAttempt.objects.create(
                deployment=deployment,
                service=deployment.service,
                lineage=lineage,
                engine=engine,
                base_branch=base,
                branch=f"{PREFIX}{lineage}",
                requested_by=user,
                requester=requester or (user.get_username() if user else "auto-fix"),
            )
            store.make_steps(made)
            about = {"engine": engine, "deployment": str(deployment.pk), "branch": made.branch}
            audit.record("fix.start", store.thing(made), after=about, by=user)
            transaction.on_commit(lambda: nudges.workers(made.pk))
    except IntegrityError:
        return FixAttempt.objects.get(deployment=deployment, state__in=OPEN_STATES)
    return made


def _check_lineage(lineage: UUID) -> None:
    made = FixAttempt.objects.filter(lineage=lineage).count()
    if made >= settings.JULES_MAX_ATTEMPTS:
        raise InvalidInput(
            f"There were {made} attempts on this failure and on what their fixes led to; "
            f"{settings.JULES_MAX_ATTEMPTS} are allowed. Retry one of them, or fix it by hand.",
            code="lineage_used_up",
        )


def retry(attempt: FixAttempt, user: Any) -> FixAttempt:
    """A failed attempt goes on from the step that failed; what was found before is kept.

    Errors: InvalidInput where it has not failed, or was retried too often.
    """
    with transaction.atomic():
        locked = FixAttempt.objects.select_for_update().get(pk=attempt.pk)
        if locked.state != "failed":
            raise InvalidInput(f"Only a failed fix is retried; this one is {locked.state}.")
        if locked.rounds >= MOST_ROUNDS:
            raise InvalidInput(f"It was tried {locked.rounds} times. Mend it by hand.")
        if FixAttempt.objects.filter(deployment=locked.deployment_id, state__in=OPEN_STATES).exists():
            raise InvalidInput("Another fix of this deployment is under way.")
        begin = "ask" if locked.step == "plan" else locked.step  # the same proposal would be stopped again
        anew = FixStep.objects.filter(attempt=locked, n__gte=FixStep.objects.get(attempt=locked, name=begin).n)
        anew.update(state="waiting", started_at=None, finished_at=None)
        locked.state, locked.error, locked.step, locked.claims = "queued", "", begin, 0
        locked.rounds, locked.finished_at, locked.approval = locked.rounds + 1, None, None
        locked.remote_session = "" if begin == "ask" else locked.remote_session
        locked.save()
        audit.record("fix.retry", store.thing(locked), after={"step": begin, "round": locked.rounds}, by=user)
        transaction.on_commit(lambda: nudges.workers(locked.pk))
    return locked


async def take(attempt_id: int) -> bool:
    """Claims an attempt, if nobody has it, and begins to work on it in this process's loop."""
    return await DESK.take(attempt_id)


@shared_task(name="jules.autofix.fix", ignore_result=True)
def fix(deployment_id: Any, engine: str | None = None, user_id: int | None = None) -> FixResult:
    """Starts an attempt, or goes on with the open one, until it has ended or waits for a person."""
    from django.contrib.auth import get_user_model

    try:
        deployment = Deployment.objects.select_related("service", "fixes").filter(pk=deployment_id).first()
        if deployment is None:
            raise NotFound("There is no such deployment.")
        user = get_user_model().objects.filter(pk=user_id).first() if user_id else None
        attempt = start(deployment, user, engine or "")
    except AIServiceError as error:
        return FixResult(False, error.message)
    loop.run(_worked_on(attempt.pk))
    return result_of(FixAttempt.objects.get(pk=attempt.pk))


async def _worked_on(attempt_id: int) -> None:
    if await DESK.take(attempt_id):
        await DESK.done(attempt_id)


def result_of(attempt: FixAttempt) -> FixResult:
    """How an attempt stands."""
    done = attempt.state == "succeeded"
    waits = "" if done else (attempt.error or "It has not ended yet: it waits for a worker or for an approval.")
    return FixResult(
        success=done,
        error=f"{attempt.step}: {waits}" if waits else "",
        attempt_id=attempt.pk,
        step=attempt.step,
        verified=attempt.verified,
        truncated=attempt.truncated,
        pull_request=attempt.pr_url,
        cost_usd=f"{attempt.cost_usd:f}",
    )


def wanted_by_themselves() -> list[Deployment]:
    """Failed deployments of the last hours that the switches want fixed and that nobody tried yet."""
    from jules import switches

    if not switches.anywhere():
        return []
    since = timezone.now() - store.QUEUE_FOR * 6
    failed = Deployment.objects.filter(status=Status.FAILED, finished_at__gte=since, fix_attempts=None)
    return [d for d in failed.select_related("service", "fixes")[:50] if switches.fixes(d.service)]
