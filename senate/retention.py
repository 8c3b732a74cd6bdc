"""What of the Senate goes with time: ended sessions, with their calls and events."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from providers import retention
from senate.models import OPEN_STATES, SenateSession


def ended(before: datetime) -> QuerySet[Any]:
    return SenateSession.objects.filter(finished_at__lt=before).exclude(state__in=OPEN_STATES)


def register() -> None:
    retention.register(retention.Kind("sessions", "Senate sessions that have ended", 365, ended))
