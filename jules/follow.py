"""Pull requests after they were opened: merged, closed, what their CI says, or stale because a later deployment
succeeded. The forge's webhooks say so at once; where none is set, a look each minute does.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from intelligence.models import Deployment, Service, Status
from intelligence.webhooks.work import moment
from jules import body, nudges
from jules.forges import Forge, ForgeError, PullRequest, forge_of
from jules.models import FixAttempt
from jules.work import store
from providers.exceptions import AIServiceError
from providers.runtime.hop import hop
from providers.trail import audit

logger = logging.getLogger(__name__)
MOST = 40
SHORTEST_SHA = 7
STALE = "Deployment {} of {} succeeded without this change, so it is closed. Reopen it if it is still wanted."


async def follow() -> None:
    """One look at each of the open ones that were looked at the longest ago. One that fails is looked at later."""
    for attempt in await hop(_open):
        try:
            await look_at(attempt)
        except AIServiceError as error:
            logger.info("pull request of fix %s: %s", attempt.pk, error)
            await hop(_seen, attempt)


async def look_at(attempt: FixAttempt) -> None:
    """Errors: ForgeError."""
    service = attempt.service
    forge = forge_of(service.forge, service.repository_url, service.forge_api_url, service.forge_token)
    found = await forge.find(attempt.branch)
    if found is None or found.number != attempt.pr_number:
        await hop(_seen, attempt)
        return
    told = {"state": found.state, "draft": found.draft, "ended_at": found.ended_at}
    if found.state == "open" and (better := await hop(succeeded_later, attempt)) is not None:
        await _close(forge, attempt, better)
        told["state"] = "closed"
    await hop(_seen, attempt, **told, ci=await _checked(forge, found))


async def _checked(forge: Forge, found: PullRequest) -> str | None:
    """None where the forge does not say: a token that may not read checks still follows the rest."""
    try:
        return await forge.checks(found)
    except ForgeError as error:
        logger.info("checks of %s: %s", found.url, error)
        return None


def heard(service: Service, news: Mapping[str, Any]) -> str:
    """What a forge's webhook says of a fix's branch; what came of it, in words. Sync, in a transaction.

    A check that passed does not speak for one that failed on the same commit: the forge is asked right after.
    """
    found = FixAttempt.objects.filter(service=service, branch=news["branch"]).exclude(pr_number=None)
    if news["number"] is not None:
        found = found.filter(pr_number=news["number"])
    changed = 0
    for attempt in found.select_related("service"):
        ci = news["ci"] if same_commit(attempt.sha, news["sha"]) else ""
        if ci == "success" and attempt.ci_state == "failure":
            ci = ""
        _seen(attempt, news["state"], news["draft"], news["ended_at"], ci or None)
        changed += 1
    if not changed:
        return "No pull request of ours."
    found.update(pr_seen_at=None)
    transaction.on_commit(nudges.followers)
    return f"Told {changed} fix{'es' if changed > 1 else ''}."


def same_commit(ours: str, theirs: str) -> bool:
    return bool(theirs) and len(theirs) >= SHORTEST_SHA and ours.startswith(theirs)


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
    return list(rows.order_by(F("pr_seen_at").asc(nulls_first=True), "pk")[:MOST])


def _seen(
    attempt: FixAttempt, state: str = "", draft: bool | None = None, ended_at: str = "", ci: str | None = None
) -> None:
    """Stores what was told; empty or None: nothing was. A page that shows it is told only of what changed."""
    now = timezone.now()
    told = {"pr_state": state or attempt.pr_state, "ci_state": attempt.ci_state if ci is None else ci}
    told["pr_draft"] = attempt.pr_draft if draft is None else draft
    changed: dict[str, Any] = {name: new for name, new in told.items() if new != getattr(attempt, name)}
    if "pr_state" in changed:
        changed["pr_closed_at"] = None if state == "open" else moment(ended_at) or now
    if changed:
        changed["updated_at"] = now
    FixAttempt.objects.filter(pk=attempt.pk).update(pr_seen_at=now, **changed)


def _audit(attempt: FixAttempt, better: Deployment) -> None:
    about = {"pull_request": attempt.pr_url, "deployment": str(better.pk)}
    audit.record("fix.close_stale", store.thing(attempt), after=about, reason="a later deployment succeeded")
