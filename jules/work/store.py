"""The rows of attempts: who holds a claim, what was found, how it ended. Plain sync functions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from intelligence.models.approvals import WAITING
from jules.models import OPEN_STATES, STEPS, FixAttempt, FixStep
from providers.guard import mended
from providers.trail import audit

CLAIM_FOR = timedelta(seconds=30)
QUEUE_FOR = timedelta(hours=1)
MOST_CLAIMS = 6
MOST_LOG = 60_000
LOST = "The worker was lost {} times while it worked on this."


class LeaseLost(Exception):
    """Another worker has the attempt, or it has ended: stop, and write nothing more."""


def thing(attempt: FixAttempt) -> audit.Thing:
    """As the audit log names it."""
    return audit.Thing("fix", str(attempt.pk), attempt.service.name)


def make_steps(attempt: FixAttempt) -> None:
    FixStep.objects.bulk_create(FixStep(attempt=attempt, n=n, name=name) for n, name in enumerate(STEPS, 1))


def claim(attempt_id: int, token: str) -> FixAttempt | None:
    """Takes an attempt that nobody works on. None where somebody does, it has ended, or waits for a decision."""
    now = timezone.now()
    taken = (
        _free()
        .filter(pk=attempt_id)
        .update(
            state="running",
            claimed_by=token,
            claim_expires_at=now + CLAIM_FOR,
            claims=F("claims") + 1,
            started_at=Coalesce(F("started_at"), now),
            updated_at=now,
        )
    )
    return (
        FixAttempt.objects.select_related("service", "deployment", "approval").get(pk=attempt_id)
        if taken
        else None
    )


def _free() -> Any:
    """Open ones that nobody works on, but for those that a person has to decide on."""
    now = timezone.now()
    free = Q(claimed_by="") | Q(claim_expires_at__lt=now)
    asked = Q(approval__state=WAITING, approval__expires_at__gt=now)
    waiting = FixAttempt.objects.filter(asked).values("pk")
    return FixAttempt.objects.filter(free, state__in=OPEN_STATES).exclude(pk__in=waiting)


def beat(tokens: Sequence[str]) -> list[str]:
    """Renews these claims; the tokens that no longer hold one are returned."""
    mine = FixAttempt.objects.filter(claimed_by__in=tokens, state="running")
    mine.update(claim_expires_at=timezone.now() + CLAIM_FOR)
    return sorted(set(tokens) - set(mine.values_list("claimed_by", flat=True)))


def write(attempt_id: int, token: str, **columns: Any) -> None:
    """Sets columns while `token` holds the claim. Errors: LeaseLost."""
    mine = FixAttempt.objects.filter(pk=attempt_id, claimed_by=token, state="running")
    if not mine.update(updated_at=timezone.now(), **columns):
        raise LeaseLost(f"attempt {attempt_id} is no longer ours")


def begin_step(attempt_id: int, token: str, name: str) -> None:
    with transaction.atomic():
        write(attempt_id, token, step=name)
        step = FixStep.objects.filter(attempt_id=attempt_id, name=name)
        step.update(state="running", started_at=timezone.now(), finished_at=None)


def say(attempt_id: int, token: str, name: str, text: str) -> None:
    """Adds lines to a step's log, its oldest part left out where it grows too long."""
    with transaction.atomic():
        write(attempt_id, token)
        step = FixStep.objects.get(attempt_id=attempt_id, name=name)
        whole = step.log + mended(text).rstrip("\n") + "\n"
        step.log = whole if len(whole) <= MOST_LOG else "[…]\n" + whole[-MOST_LOG:]
        step.save(update_fields=["log"])


def end_step(attempt_id: int, token: str, name: str, **columns: Any) -> None:
    """The step is done; what it found is stored with it."""
    with transaction.atomic():
        write(attempt_id, token, **columns)
        step = FixStep.objects.filter(attempt_id=attempt_id, name=name)
        step.update(state="done", finished_at=timezone.now())


def hand_back(attempt_id: int, token: str) -> None:
    """Gives up the claim: another worker goes on at once, or this one when what it waits for is decided."""
    mine = FixAttempt.objects.filter(pk=attempt_id, claimed_by=token, state="running")
    mine.update(claimed_by="", claim_expires_at=None, claims=F("claims") - 1, updated_at=timezone.now())


def end(attempt_id: int, token: str, error: str = "", **columns: Any) -> None:
    """The attempt has ended: succeeded, or failed in the step it was in, with a sentence. Errors: LeaseLost."""
    now = timezone.now()
    with transaction.atomic():
        attempt = FixAttempt.objects.select_related("service", "requested_by").get(pk=attempt_id)
        state = "failed" if error else "succeeded"
        ended = {"state": state, "error": error, "finished_at": now, "claimed_by": "", "claim_expires_at": None}
        write(attempt_id, token, **columns, **ended)
        if error:
            step = FixStep.objects.filter(attempt_id=attempt_id, name=attempt.step)
            step.update(state="failed", finished_at=now)
        about = {
            "state": state,
            "step": attempt.step,
            "verified": attempt.verified,
            "pull_request": attempt.pr_url,
        }
        audit.record("fix.end", thing(attempt), after=about, reason=error, by=attempt.requested_by)


def bases_of(attempt: FixAttempt) -> set[str]:
    """Commits of the base branch that fixes on this attempt's branch were made on."""
    same = FixAttempt.objects.filter(service_id=attempt.service_id, branch=attempt.branch)
    rows = same.exclude(deployment__branch=F("branch")).exclude(base_sha="")
    return set(rows.values_list("base_sha", flat=True))


def abandoned() -> list[FixAttempt]:
    """Open attempts that nobody works on and that wait for nobody, the oldest first."""
    return list(_free().select_related("approval").order_by("pk")[:200])


def hopeless(attempt: FixAttempt) -> str:
    """Why an abandoned attempt should not be taken up again; empty where it should."""
    if attempt.claims >= MOST_CLAIMS:
        return LOST.format(attempt.claims)
    if not attempt.claims and timezone.now() - attempt.updated_at > QUEUE_FOR:
        return "No worker took it within an hour."
    return ""


def end_unworked(attempt_id: int, token: str, reason: str) -> bool:
    """Ends an attempt that nobody works on. False where somebody does."""
    with transaction.atomic():
        attempt = claim(attempt_id, token)
        if attempt is None:
            return False
        if not attempt.step:
            begin_step(attempt_id, token, STEPS[0])
        end(attempt_id, token, reason)
    return True
