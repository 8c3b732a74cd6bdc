"""Running what was approved: once, as it was asked for, where its target still is as it was."""

import hmac
import json
import logging
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from intelligence.approval import acts
from intelligence.approval.binding import canonical, digest
from intelligence.models import Approval
from providers.exceptions import AIServiceError
from providers.trail import audit

LOST = timedelta(minutes=10)  # longer than any act may run
TAKE_UP = timedelta(seconds=15)
LOST_WORDS = "Its process was lost while it ran. Look whether it took effect; it is not run again."
logger = logging.getLogger(__name__)


class AlreadyDecided(AIServiceError):
    http_status = 409
    type = "conflict_error"
    code = "already_decided"


class NotAsApproved(AIServiceError):
    http_status = 409
    type = "conflict_error"
    code = "not_as_approved"


def execute(pk: UUID) -> Approval:
    """Runs an approved act; whoever moves the row from approved to executing is the one that runs it.

    Errors: AlreadyDecided, NotAsApproved, those of the act; each is kept with the row and audited."""
    approval = _claimed(pk)
    try:
        act = acts.found(approval.act, approval.caller)
        _check_as_approved(act, approval)
        with transaction.atomic() if act.atomic else nullcontext():
            result = json.loads(canonical(act.run(approval.arguments, approval)))
            _end(approval, "done", result=result)
    except NotAsApproved as error:
        _end(approval, "changed", error=error.message)
        raise
    except AIServiceError as error:
        _end(approval, "failed", error=error.message)
        raise
    except Exception:
        _end(approval, "failed", error="It failed for a reason of its own; see the log.")
        logger.exception("approved act %s failed", approval.act)
        raise
    return fresh(pk)


def _claimed(pk: UUID) -> Approval:
    with transaction.atomic():
        now = timezone.now()
        claimed = Approval.objects.filter(pk=pk, state="approved", expires_at__gt=now).update(
            state="executing", executed_at=now
        )
        if not claimed:
            raise AlreadyDecided("This was executed already, or its time is up.")
        approval = fresh(pk)
        audit.record("approval.execute", thing(approval), after={"act": approval.act}, by=approval.decided_by)
    return approval


def _check_as_approved(act: acts.Act, approval: Approval) -> None:
    if not hmac.compare_digest(digest(approval, act.state(approval.arguments)), approval.digest):
        raise NotAsApproved("The target has changed since this was asked for. It was not run; ask again.")


def _end(approval: Approval, state: str, **more: Any) -> None:
    with transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(state=state, **more)
        after = {"act": approval.act, "state": state, "error": more.get("error", "")}
        outcome = "done" if state == "done" else "refused" if state == "changed" else "failed"
        audit.record("approval.result", thing(approval), after=after, outcome=outcome, by=approval.decided_by)


def take_up() -> None:
    """Goes on where a process was lost: runs what was approved and not begun; ends what was begun and not ended,
    whose effect nobody knows, and which is therefore never run again."""
    now = timezone.now()
    for lost in Approval.objects.filter(state="executing", executed_at__lte=now - LOST):
        _end(lost, "failed", error=LOST_WORDS)
    left = Approval.objects.filter(state="approved", decided_at__lte=now - TAKE_UP, expires_at__gt=now)
    for pk in left.values_list("pk", flat=True):
        try:
            execute(pk)
        except AIServiceError as error:
            logger.warning("approved act %s was taken up and ended: %s", pk, error.message)


def thing(approval: Approval) -> audit.Thing:
    """As the audit log names it."""
    return audit.Thing("approval", str(approval.pk), approval.title[:200])


def fresh(pk: UUID) -> Approval:
    return Approval.objects.select_related("requested_by", "decided_by", "agent").get(pk=pk)
