"""What the overview shows: the first steps until they are done, what runs, what was spent."""

from typing import Any

from django.urls import reverse

from providers.models import AIUsageLog
from senate.models import OPEN_STATES, SenateSession


def look(user: Any) -> dict[str, Any]:
    return {
        "checklist": checklist(user),
        "needs_you": [],
        "running": running(user),
    }


def checklist(user: Any) -> list[dict[str, Any]]:
    """Ticks itself from rows; empty once all is done."""
    asked = SenateSession.objects.filter(owner=user).exists()
    steps = [
        {
            "done": AIUsageLog.objects.exists(),
            "title": "Save a key",
            "text": "One key is enough to ask one model; two or more make a committee.",
            "url": reverse("providers:keys"),
            "action": "Add key",
        },
        {"done": asked, "title": "Ask", "text": "", "url": reverse("senate:list"), "action": "Ask"},
    ]
    return [] if all(step["done"] for step in steps) else steps


def running(user: Any) -> list[dict[str, Any]]:
    rows = SenateSession.objects.visible_to(user).filter(state__in=OPEN_STATES)[:7]
    return [{"id": row.pk, "question": row.question, "phase": row.phase, "state": row.state} for row in rows]
