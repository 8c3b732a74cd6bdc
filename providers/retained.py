"""What of the ground floor goes with time, and what goes because it has run out (no setting keeps that)."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from providers import retention
from providers.access.idempotency import KEPT_FOR
from providers.models import AIAnalysis, IdempotentRequest, Notification
from providers.models.analysis import RUNNING

A_MONTH = 32  # days: so long a limit of a month may still be told about, and must not be told twice


def notifications(before: datetime) -> QuerySet[Any]:
    """With their deliveries."""
    return Notification.objects.filter(day__lt=before.date())


def replaced(before: datetime) -> QuerySet[Any]:
    return AIAnalysis.objects.filter(is_current=False, created_at__lt=before).exclude(state=RUNNING)


def register() -> None:
    told = "notifications and their deliveries"
    retention.register(retention.Kind("notifications", told, 90, notifications, least=A_MONTH))
    retention.register(retention.Kind("results", "analyses of objects that a newer one replaced", 365, replaced))


def run_out(now: datetime) -> dict[str, int]:
    """Sign-ins and idempotency keys that hold no longer; how many of each."""
    return {
        "sign-ins": Session.objects.filter(expire_date__lt=now).delete()[0],
        "idempotency keys": IdempotentRequest.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0],
    }
