"""The periodic look at services: health, what running logs say, alerts, use. What is found becomes incidents.

One look a service at a time: its row is claimed, and says when it is due again, so missed ticks are not repeated.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from intelligence import nudges
from intelligence.analysis import given, incidents
from intelligence.analysis.incidents import Sight
from intelligence.fleet import samples
from intelligence.logs import logbook
from intelligence.models import (
    Alert,
    AnalysisRun,
    Deployment,
    Incident,
    Service,
    ServiceHealth,
    ServiceScan,
    Status,
)
from intelligence.rules.analysis import analyse

EVERY, LEASE = timedelta(minutes=1), timedelta(minutes=2)
BATCH = 50
BAD_FOR = timedelta(seconds=60)  # bad health for this long is an incident
HEALTH = "health address"
MOST_READ = 32 << 20  # bytes of a running log that one look reads
KEPT = 1 << 20  # of them, what a new incident's analysis gets
QUIET_RESOLVES = timedelta(days=7)
logger = logging.getLogger(__name__)


def due() -> list[Any]:
    """Ids of services whose look is due; those without one come first. Bounded."""
    now = timezone.now()
    rows = Service.objects.filter(Q(scan=None) | Q(scan__due_at=None) | Q(scan__due_at__lte=now))
    return list(rows.order_by("scan__due_at").values_list("pk", flat=True)[:BATCH])


def scan(service_id: Any) -> bool:
    """One look, unless another has it or it is not due. A source that fails keeps no other from being read."""
    scan_row, token, now = ServiceScan.objects.get_or_create(service_id=service_id)[0], uuid4().hex, timezone.now()
    free = ServiceScan.objects.filter(Q(claim="") | Q(claim_until__lt=now), pk=scan_row.pk)
    if not free.filter(Q(due_at=None) | Q(due_at__lte=now)).update(claim=token, claim_until=now + LEASE):
        return False
    mine = ServiceScan.objects.select_related("service").get(pk=scan_row.pk)
    problems = []
    for look in (at_health, at_log, at_alerts, at_samples):
        try:
            look(mine, now)
        except Exception:
            logger.exception("%s of service %s failed", look.__name__, service_id)
            problems.append(look.__name__)
    mine.note = f"Not looked {', '.join(problems)}." if problems else ""
    done = {name: getattr(mine, name) for name in ("note", "reading_id", "read_bytes")}
    ServiceScan.objects.filter(pk=mine.pk, claim=token).update(
        **done, claim="", claim_until=None, last_at=now, due_at=now + EVERY
    )
    return True


def at_health(row: ServiceScan, now: datetime) -> None:
    """What the health look (`health_scan`) found; one incident an outage, and it recovers by itself."""
    asked = ServiceHealth.objects.filter(service=row.service).first()
    if asked is None or asked.ok is None:
        return
    if asked.ok:
        _recovered(row.service, "HEALTH_CHECK_FAILED", now)
        return
    began = asked.since or asked.checked_at
    if asked.checked_at - began >= BAD_FOR and not _seen(row.service, "HEALTH_CHECK_FAILED", HEALTH, began):
        title = f"The health address of {row.service.name} does not answer well: {asked.words}."
        incidents.note(row.service, Sight("HEALTH_CHECK_FAILED", title, HEALTH, "high"), now)


def _seen(service: Service, code: str, subject: str, since: datetime) -> bool:
    key = incidents.fingerprint(code, subject)
    return Incident.objects.filter(service=service, fingerprint=key, last_seen__gte=since).exists()


def _recovered(service: Service, code: str, now: datetime) -> None:
    open_ = Incident.objects.filter(service=service, code=code, subject=HEALTH, state="open")
    open_.update(state="resolved", why="It answers again.", decided_at=now, decided_by=None)


def at_log(row: ServiceScan, now: datetime) -> None:
    """What the log of the running deployment has gained since the last look."""
    newest = row.service.deployments.filter(status=Status.RUNNING).order_by("-created_at").first()
    if newest is None:
        return
    if row.reading_id != newest.pk:
        row.reading, row.read_bytes = newest, 0
    if newest.log_bytes <= row.read_bytes:
        return
    findings = analyse(_part(newest, row.read_bytes))
    begin, row.read_bytes = row.read_bytes, min(newest.log_bytes, row.read_bytes + findings.scanned.bytes)
    if findings.healthy:
        return
    first = findings.patterns[0]
    codes = tuple(one.code for one in findings.patterns)
    sight = Sight(first.code, findings.cause, first.subject, "medium", codes, newest)
    incident, anew = incidents.note(row.service, sight, now)
    if anew:
        explain(incident, newest, _part(newest, begin))


def _part(deployment: Deployment, begin: int) -> Iterator[bytes]:
    read = 0
    for chunk in logbook.stream(deployment, begin):
        yield chunk
        read += len(chunk)
        if read >= MOST_READ:
            return


def explain(incident: Incident, deployment: Deployment, log: Iterable[bytes]) -> AnalysisRun:
    """A new incident's one analysis, for a worker: the end of what was read."""
    held = b""
    for chunk in log:
        held = (held + chunk)[-KEPT:]
    with transaction.atomic():
        run = AnalysisRun.objects.create(
            service=incident.service,
            incident=incident,
            cause_of_run="scan",
            title=f"Log of {incident.service.name}",
        )
        run.log_bytes = given.store(run, [held])
        run.save(update_fields=["log_bytes"])
        transaction.on_commit(lambda: nudges.analyst(run.pk))
    return run


def at_alerts(row: ServiceScan, now: datetime) -> None:
    """Alerts of the last day; one that was counted is not counted again, however late it was delivered."""
    found = Alert.objects.filter(service=row.service, started_at__gt=now - timedelta(days=1), started_at__lte=now)
    for alert in found.order_by("started_at")[:100]:
        if _seen(row.service, "ALERT", alert.name, alert.started_at):
            continue
        severity = "high" if alert.severity.lower() in ("critical", "page", "high") else "medium"
        title = alert.summary or f"{alert.name} fires."
        incidents.note(row.service, Sight("ALERT", title, alert.name, severity), alert.started_at)


def at_samples(row: ServiceScan, now: datetime) -> None:
    """What the samples say; the same finding counts once an hour."""
    for one in samples.findings(row.service):
        if not _seen(row.service, one.code, "", now - timedelta(hours=1)):
            incidents.note(row.service, Sight(one.code, one.sentence, "", one.severity), now)


def resolve_quiet() -> int:
    """Open incidents that were not seen for long are resolved. How many."""
    now = timezone.now()
    quiet = Incident.objects.filter(state="open", last_seen__lt=now - QUIET_RESOLVES)
    return quiet.update(state="resolved", why="Not seen for seven days.", decided_at=now, decided_by=None)
