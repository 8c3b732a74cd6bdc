"""What of the fixes goes with time: attempts that have ended, with their steps and diffs."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from jules.models import OPEN_STATES, FixAttempt
from providers import retention


def ended(before: datetime) -> QuerySet[Any]:
    return (
        FixAttempt.objects.filter(finished_at__lt=before).exclude(state__in=OPEN_STATES).exclude(pr_state="open")
    )


def register() -> None:
    retention.register(retention.Kind("fixes", "fix attempts that have ended", 365, ended))
