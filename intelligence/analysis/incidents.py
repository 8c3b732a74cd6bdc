"""Failures grouped: the same one of the same service is one row, however often it comes, and has a history."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from intelligence.models import AnalysisRun, Deployment, Incident, IncidentDay, Service
from intelligence.models.analyses import FAILURE
from intelligence.models.incidents import DISMISSED, OPEN, RESOLVED, SNOOZED, STATES
from providers.exceptions import InvalidInput, NotFound
from providers.trail import audit

MOST_A_SERVICE = 200
TOO_MANY = "MANY_FAILURES"
SNOOZE = timedelta(days=1)
_CHANGING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{12,64}\b|\d+")
_RANK = {"low": 0, "medium": 1, "high": 2}


@dataclass(frozen=True, slots=True)
class Sight:
    """One time that a failure was seen. `shape`: words that tell how it looks, such as the classes beside it."""

    code: str
    title: str
    subject: str = ""
    severity: str = "medium"
    shape: tuple[str, ...] = ()
    deployment: Deployment | None = None


def fingerprint(code: str, subject: str) -> str:
    """The same for what differs only in numbers, addresses and ids."""
    plain = _CHANGING.sub("#", " ".join(subject.lower().split()))
    return hashlib.sha256(f"{code}\x1f{plain}".encode()).hexdigest()


def note(service: Service, sight: Sight, at: datetime | None = None) -> tuple[Incident, bool]:
    """Counts it; (the incident, whether somebody should look anew: it is new, came back, or has changed)."""
    at, key = at or timezone.now(), fingerprint(sight.code, sight.subject)
    with transaction.atomic():
        found = Incident.objects.select_for_update().filter(service=service, fingerprint=key).first()
        if found is None and Incident.objects.filter(service=service).count() >= MOST_A_SERVICE:
            sight = Sight(TOO_MANY, f"{service.name} has more than {MOST_A_SERVICE} different failures.")
            key = fingerprint(TOO_MANY, "")
            found = Incident.objects.select_for_update().filter(service=service, fingerprint=key).first()
        if found is None:
            found, anew = _new(service, sight, key, at)
        else:
            anew = _again(found, sight, at)
        day, _ = IncidentDay.objects.get_or_create(incident=found, day=at.date())
        IncidentDay.objects.filter(pk=day.pk).update(count=F("count") + 1)
    return found, anew


def _new(service: Service, sight: Sight, key: str, at: datetime) -> tuple[Incident, bool]:
    fields = {
        "code": sight.code,
        "subject": sight.subject[:200],
        "title": sight.title,
        "severity": sight.severity,
        "shape": _shape(sight),
        "deployment": sight.deployment,
        "first_seen": at,
        "last_seen": at,
        "count": 1,
    }
    try:
        with transaction.atomic():
            return Incident.objects.create(service=service, fingerprint=key, **fields), True
    except IntegrityError:  # another worker saw it at the same moment
        found = Incident.objects.select_for_update().get(service=service, fingerprint=key)
        return found, _again(found, sight, at)


def _again(found: Incident, sight: Sight, at: datetime) -> bool:
    """A resolved one that comes back is a regression; a dismissed one stays dismissed unless it has changed."""
    difference = _difference(found, sight)
    anew = bool(difference)
    if found.state == RESOLVED:
        found.state, found.regressions, anew = OPEN, found.regressions + 1, True
        difference = difference or "It came back after it was resolved."
    elif found.state in (DISMISSED, SNOOZED) and (difference or _woken(found, at)):
        found.state = OPEN
    if difference:
        found.changed, found.shape = difference, _shape(sight)
    found.count, found.last_seen = found.count + 1, max(at, found.last_seen)
    if _RANK[sight.severity] > _RANK[found.severity]:
        found.severity = sight.severity
    found.title, found.deployment = sight.title, sight.deployment or found.deployment
    found.save()
    return anew


def _woken(found: Incident, at: datetime) -> bool:
    return found.state == SNOOZED and found.snoozed_until is not None and found.snoozed_until <= at


def _shape(sight: Sight) -> str:
    return " ".join(sorted({*sight.shape, sight.severity}))[:300]


def _difference(found: Incident, sight: Sight) -> str:
    """How it differs from what was known, in a sentence; empty where only the count grew or it got milder."""
    before, now = set(found.shape.split()), set(_shape(sight).split())
    added = sorted(now - before - set(_RANK))
    if _RANK[sight.severity] > _RANK[found.severity]:
        return f"It is now of {sight.severity} severity, before {found.severity}."
    return f"It now also shows {', '.join(added)}." if added else ""


def of_run(run: AnalysisRun, result: dict[str, Any]) -> Incident | None:
    """The incident of an analysis of a service's failure; None for a healthy log, or one that somebody pasted.

    A run that is done a second time (its log has grown) counts once.
    """
    primary = next((one for one in result["patterns"] if one["code"] == result["primary"]), None)
    failed = run.deployment is not None and run.cause_of_run == FAILURE
    if run.cause_of_run == "scan":
        return run.incident
    if run.service is None or run.cause_of_run == "asked" or (primary is None and not failed):
        return None
    codes = tuple(one["code"] for one in result["patterns"])
    sight = Sight(
        result["primary"] or "UNKNOWN_FAILURE",
        result["cause"]
        if primary
        else f"The deployment failed: {run.deployment.reason.rstrip('. ') or 'no reason was given'}.",
        (primary or {}).get("subject") or ("" if primary else run.deployment.reason),
        "high" if failed else "medium",
        codes,
        run.deployment,
    )
    if run.incident_id and run.incident.fingerprint == fingerprint(sight.code, sight.subject):
        return run.incident
    return note(run.service, sight, run.deployment.finished_at if failed else None)[0]


def found(user: Any, pk: Any) -> Incident:
    """Errors: NotFound, the same for an unknown id and for one that the user may not see."""
    rows = Incident.objects.visible_to(user).select_related("service", "deployment", "decided_by")
    one = rows.filter(pk=pk).first()
    if one is None:
        raise NotFound("There is no such incident for you.")
    return one


def decide(user: Any, pk: Any, state: str, why: str = "") -> Incident:
    """Opens, snoozes (a day), resolves, or dismisses it with a reason. Errors: NotFound, InvalidInput."""
    if state not in STATES:
        raise InvalidInput(f"An incident is {', '.join(STATES)}.", param="state")
    if state == DISMISSED and not why.strip():
        raise InvalidInput("Say why it is dismissed.", param="why")
    with transaction.atomic():
        one = Incident.objects.select_for_update().get(pk=found(user, pk).pk)
        before = one.state
        one.state, one.why, one.changed = state, why.strip()[:2_000], ""
        one.decided_by, one.decided_at = user, timezone.now()
        one.snoozed_until = timezone.now() + SNOOZE if state == SNOOZED else None
        one.save()
        thing = audit.Thing("incident", str(one.pk), f"{one.code} {one.subject}"[:200])
        audit.record(f"incident.{state}", thing, before={"state": before}, after={"state": state}, reason=why)
    return one
