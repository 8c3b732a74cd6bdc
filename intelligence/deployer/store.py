"""The rows of real deployments: who holds a claim, what is wanted of it, how it ends. Plain sync functions."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.models import ENDED, Deployment, Status
from providers.exceptions import InvalidInput
from providers.guard import Redactor

CLAIM_FOR = timedelta(seconds=30)
QUEUE_FOR = timedelta(minutes=15)
MOST_CLAIMS = 3
REAL = ("local", "hook")


class LeaseLost(Exception):
    """Another worker has the deployment, or it has ended: stop, and write nothing more."""


def claim(deployment_id: UUID, token: str) -> Deployment | None:
    """Takes a deployment that nobody works on. None where somebody does, or it has ended."""
    now = timezone.now()
    taken = (
        _free()
        .filter(pk=deployment_id)
        .update(claimed_by=token, claim_expires_at=now + CLAIM_FOR, claims=F("claims") + 1)
    )
    return Deployment.objects.select_related("service").get(pk=deployment_id) if taken else None


def _free() -> Any:
    free = Q(claimed_by="") | Q(claim_expires_at__lt=timezone.now())
    return Deployment.objects.filter(free, origin__in=REAL).exclude(status__in=ENDED)


def beat(tokens: Sequence[str]) -> list[str]:
    """Renews these claims; the tokens that no longer hold one are returned."""
    mine = Deployment.objects.filter(claimed_by__in=tokens).exclude(status__in=ENDED)
    mine.update(claim_expires_at=timezone.now() + CLAIM_FOR)
    return sorted(set(tokens) - set(mine.values_list("claimed_by", flat=True)))


def look(ids: Iterable[UUID]) -> dict[UUID, tuple[str, bool]]:
    """Status, and whether it shall stop, of each."""
    rows = Deployment.objects.filter(pk__in=list(ids)).values_list("pk", "status", "cancel_requested")
    return {pk: (status, stop) for pk, status, stop in rows}


def hand_back(deployment_id: UUID, token: str) -> None:
    """Gives up the claim, so that another worker goes on at once (a worker that is being stopped)."""
    mine = Deployment.objects.filter(pk=deployment_id, claimed_by=token).exclude(status__in=ENDED)
    mine.update(claimed_by="", claim_expires_at=None)


def move(deployment_id: UUID, token: str, status: str, reason: str = "", **changes: Any) -> None:
    """Moves it on, where `token` still holds it. `changes`: other columns. Errors: LeaseLost."""
    with transaction.atomic():
        if changes:
            Deployment.objects.filter(pk=deployment_id, claimed_by=token).update(**changes)
        try:
            deployments.advance(deployment_id, status, reason, token=token)
        except InvalidInput as error:
            raise LeaseLost(str(error)) from error


def write(deployment_id: UUID, token: str, text: str, redactor: Redactor) -> None:
    """Adds to the log, where `token` still holds it. Errors: LeaseLost; InvalidInput when the log is full."""
    with transaction.atomic():
        mine = Deployment.objects.select_for_update().filter(pk=deployment_id, claimed_by=token)
        if not mine.exclude(status__in=ENDED).exists():
            raise LeaseLost(f"deployment {deployment_id} is no longer ours")
        logbook.append(deployment_id, text, redactor)


def abandoned() -> list[Deployment]:
    """Real deployments that nobody works on, the oldest first."""
    return list(_free().order_by("created_at")[:200])


def hopeless(deployment: Deployment) -> tuple[str, str]:
    """The status and reason to end an abandoned deployment with; two empty words where it should be taken up."""
    if deployment.cancel_requested:
        return Status.CANCELLED, "Cancelled."
    if deployment.claims >= MOST_CLAIMS or (deployment.claims and not may_go_on(deployment)):
        return Status.FAILED, f"The worker was lost while it was {deployment.status}."
    if not deployment.claims and timezone.now() - deployment.created_at > QUEUE_FOR:
        return Status.FAILED, f"No worker took it within {QUEUE_FOR.seconds // 60} minutes."
    return "", ""


def may_go_on(deployment: Deployment) -> bool:
    """A build is begun anew, a hook that was called is waited for; what was half in place is not guessed at."""
    return deployment.status in (Status.QUEUED, Status.BUILDING) or deployment.origin == "hook"


def end_unworked(deployment_id: UUID, token: str, status: str, reason: str) -> bool:
    """Ends a deployment that nobody works on. False where somebody does."""
    if claim(deployment_id, token) is None:
        return False
    move(deployment_id, token, status, reason)
    return True
