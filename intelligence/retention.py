"""What of services goes with time: logs, samples, analyses, incidents, webhook deliveries, alerts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from intelligence.models import (
    Alert,
    AnalysisRun,
    Deployment,
    Incident,
    LogChunk,
    Sample,
    Status,
    WebhookDelivery,
)
from intelligence.models.analyses import DONE, FAILED
from intelligence.models.incidents import RESOLVED
from providers import retention


def logs(before: datetime) -> QuerySet[Any]:
    """Deployments whose log goes; they themselves stay. The one that a service runs on still writes its log."""
    newer = Deployment.objects.filter(
        service=OuterRef("service"), status=Status.RUNNING, created_at__gt=OuterRef("created_at")
    )
    over = Q(status__in=(Status.FAILED, Status.CANCELLED)) | Q(Exists(newer), status=Status.RUNNING)
    return Deployment.objects.filter(over, finished_at__lt=before, log_bytes__gt=0)


def empty(keys: list[UUID]) -> None:
    LogChunk.objects.filter(deployment__in=keys).delete()
    Deployment.objects.filter(pk__in=keys).update(log_bytes=0, log_lines=0)


def samples(before: datetime) -> QuerySet[Any]:
    return Sample.objects.filter(at__lt=before)


def analyses(before: datetime) -> QuerySet[Any]:
    """Those of an incident go with it."""
    return AnalysisRun.objects.filter(state__in=(DONE, FAILED), created_at__lt=before, incident=None)


def incidents(before: datetime) -> QuerySet[Any]:
    """A dismissed one stays: it keeps its like from coming back. So does one that is put off: nobody ended it."""
    return Incident.objects.filter(state=RESOLVED, last_seen__lt=before)


def deliveries(before: datetime) -> QuerySet[Any]:
    return WebhookDelivery.objects.filter(received_at__lt=before).exclude(state="received")


def alerts(before: datetime) -> QuerySet[Any]:
    return Alert.objects.filter(ended_at__lt=before)


def register() -> None:
    for kind in (
        retention.Kind("logs", "logs of deployments that have ended", 90, logs, empty),
        retention.Kind("samples", "use of services, minute by minute", 30, samples),
        retention.Kind("analyses", "analyses of logs outside incidents", 90, analyses),
        retention.Kind("incidents", "incidents that are resolved", 365, incidents),
        retention.Kind("deliveries", "webhook deliveries that were handled", 30, deliveries),
        retention.Kind("alerts", "alerts that have ended", 90, alerts),
    ):
        retention.register(kind)
