"""Open pull requests after they were opened: merged, closed, or stale because a later deployment succeeded."""

import logging
from typing import Any

from django.utils import timezone

from intelligence.models import Deployment, Status
from jules import body
from jules.forges import Forge, ForgeError, forge_of
from jules.models import FixAttempt
from jules.work import store
from providers import audit
from providers.exceptions import AIServiceError
from providers.hop import hop

logger = logging.getLogger(__name__)
MOST = 40
STALE = "Deployment {} of {} succeeded without this change, so it is closed. Reopen it if it is still wanted."


async def follow() -> None:
    """One look at each of the open ones that were looked at the longest ago. One that fails is looked at later."""
    for attempt in await hop(_open):
        try:
            await look_at(attempt)
        except AIServiceError as error:
            logger.info("pull request of fix %s: %s", attempt.pk, error)
            await hop(_seen, attempt, attempt.pr_state)


async def look_at(attempt: FixAttempt) -> None:
    """Errors: ForgeError."""
    service = attempt.service
    forge = forge_of(service.forge, service.repository_url, service.forge_api_url, service.forge_token)
    found = await forge.find(attempt.branch)
    state = found.state if found is not None and found.number == attempt.pr_number else attempt.pr_state
    if state == "open" and (better := await hop(succeeded_later, attempt)) is not None:
        await _close(forge, attempt, better)
        state = "closed"
    await hop(_seen, attempt, state)


async def _close(forge: Forge, attempt: FixAttempt, better: Deployment) -> None:
    if attempt.pr_number is None:
        raise ForgeError("There is no pull request to close.")
    says = body.inline(STALE.format(str(better.pk)[:8], attempt.service.name))
    await forge.say(attempt.pr_number, "stale", says)
    await forge.close(attempt.pr_number)
    await hop(_audit, attempt, better)


def succeeded_later(attempt: FixAttempt) -> Deployment | None:
    """A deployment of the same branch and environment, begun after the failed one, that runs without the fix."""
    failed = attempt.deployment
    later = Deployment.objects.filter(
        service=attempt.service,
        status=Status.RUNNING,
        created_at__gt=failed.created_at,
        environment=failed.environment,
    )
    return later.exclude(branch=attempt.branch).exclude(fixes__isnull=False).order_by("created_at").first()


def _open() -> list[FixAttempt]:
    rows = FixAttempt.objects.filter(pr_state="open").select_related("service", "deployment")
    return list(rows.order_by("pr_seen_at", "pk")[:MOST])


def _seen(attempt: FixAttempt, state: str) -> None:
    now = timezone.now()
    changed: dict[str, Any] = {"pr_seen_at": now}
    if state != attempt.pr_state:
        changed |= {"pr_state": state, "updated_at": now}
        changed |= {"pr_closed_at": now} if state != "open" else {}
    FixAttempt.objects.filter(pk=attempt.pk).update(**changed)


def _audit(attempt: FixAttempt, better: Deployment) -> None:
    about = {"pull_request": attempt.pr_url, "deployment": str(better.pk)}
    audit.record("fix.close_stale", store.thing(attempt), after=about, reason="a later deployment succeeded")
