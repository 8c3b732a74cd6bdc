"""What a worker does with a delivery: one transaction, so that a lost worker leaves it as it was."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import ENDED, Alert, Deployment, Service, Status, WebhookDelivery
from providers.exceptions import InvalidInput
from providers.runtime import clock

SAME_FAILURE = timedelta(hours=1)
LOUD = ("critical", "page", "emergency")
Heard = Callable[[Service, Mapping[str, Any]], str]
_heard: dict[str, Heard] = {}


def listen(name: str, heard: Heard) -> None:
    """`heard` is told the news of branches of our own fixes (see `branches`), in the delivery's transaction, and
    says what came of it. A floor above registers it in its `apps.py`."""
    _heard[name] = heard


def handle(delivery_pk: int) -> None:
    """Does what it says, once; a second time does nothing."""
    with transaction.atomic():
        found = WebhookDelivery.objects.select_for_update().filter(pk=delivery_pk, state="received").first()
        if found is None:
            return
        report = found.report
        found.note = what_came(found, report)[:300]
        found.state, found.report = "done", {}
        found.save()


def what_came(found: WebhookDelivery, report: dict[str, Any]) -> str:
    if news := report.get("news"):
        return " ".join(heard(found.service, news) for heard in _heard.values())
    return alerted(found.service, report) if report["alerts"] else told(found, report)


def waiting() -> list[int]:
    """Deliveries that no worker took within ten seconds."""
    before = clock.now() - timedelta(seconds=10)
    rows = WebhookDelivery.objects.filter(state="received", received_at__lt=before).order_by("received_at")
    return list(rows.values_list("pk", flat=True)[:200])


def told(delivery: WebhookDelivery, report: dict[str, Any]) -> str:
    """Moves the deployment that it is about, or records a new one; what came of it, in words."""
    found = same(delivery, report)
    if found is None:
        about = {name: report[name] for name in ("commit", "branch", "external_id")}
        about["environment"] = report["environment"] or "production"
        found = deployments.report(
            delivery.service, None, report["status"], report["log"], origin=delivery.source, **about
        )
        said = "recorded"
    else:
        try:
            deployments.reported(found, report["status"], report["reason"])
        except InvalidInput as error:
            return error.message
        if report["log"]:
            logbook.append(found.pk, report["log"], redactor())
        said = "updated"
    Deployment.objects.filter(pk=found.pk, status__in=(Status.FAILED, Status.CANCELLED), reason="").update(
        reason=report["reason"]
    )
    return f"Deployment {found.pk} was {said}."


def same(delivery: WebhookDelivery, report: dict[str, Any]) -> Deployment | None:
    """The deployment that is meant: by its id there, one of ours whose hook was called, or the same failure told
    in another event (same commit and environment, within the hour)."""
    rows = Deployment.objects.filter(service=delivery.service).order_by("-created_at")
    if report["external_id"]:
        known = rows.filter(origin=delivery.source, external_id=report["external_id"]).first()
        if known is not None:
            return known
    commit = Q(commit="") | Q(commit__istartswith=report["commit"]) if report["commit"] else Q()
    hooked = rows.filter(commit, origin="hook").exclude(status__in=(*ENDED, Status.QUEUED)).first()
    if hooked is not None:
        return hooked
    if not report["commit"]:
        return rows.filter(origin=delivery.source).exclude(status__in=ENDED).first()
    recent = rows.filter(origin=delivery.source, commit=report["commit"])
    recent = recent.filter(created_at__gt=clock.now() - SAME_FAILURE).exclude(status=Status.RUNNING)
    if report["environment"]:
        recent = recent.filter(Q(environment=report["environment"]) | Q(external_id__startswith="run:"))
    return recent.first() if report["status"] in (Status.FAILED, Status.CANCELLED) else None


def alerted(service: Service, report: dict[str, Any]) -> str:
    """Keeps its alerts. A loud one that fires says that what runs has failed."""
    fired = [keep(service, one) for one in report["alerts"]]
    loud = [alert for alert in fired if alert.ended_at is None and alert.severity.lower() in LOUD]
    newest = service.deployments.order_by("-created_at").first()
    if loud and newest is not None and newest.status == Status.RUNNING and newest.origin != "local":
        deployments.reported(newest, Status.FAILED, f"Alert {loud[0].name} fired: {loud[0].summary}"[:500])
    return f"{len(fired)} alerts kept."


def keep(service: Service, given: dict[str, Any]) -> Alert:
    began = moment(given["starts_at"]) or clock.now()
    ended = None if given["firing"] else moment(given["ends_at"]) or clock.now()
    alert, _ = Alert.objects.update_or_create(
        service=service,
        fingerprint=given["fingerprint"] or given["name"][:64],
        started_at=began,
        defaults={
            "name": given["name"],
            "severity": given["severity"],
            "summary": given["summary"],
            "ended_at": ended,
        },
    )
    return alert


def moment(given: str) -> datetime | None:
    try:
        found = parse_datetime(given)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and found.year > 1 else None
