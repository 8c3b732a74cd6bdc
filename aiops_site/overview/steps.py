"""The first steps of a new site. They tick themselves from rows."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from aiops_site import demo
from providers.access.roles import may
from providers.configuration.directory import Directory
from providers.format import money
from providers.models import UserAICap
from providers.money import caps
from senate.models import SenateSession

SAMPLES = (
    "A made-up team's services, incidents, fixes, sessions and 90 days of usage, all marked as samples. Its usage "
    "and audit rows can't be deleted again; a site that will go live starts from an empty database."
)


def checklist(user: Any, directory: Directory, standing: caps.CapStanding, filled: bool) -> list[dict[str, Any]]:
    """Empty once all is done, or for who may not ask. `next`: the one to take. `filled`: samples stand here."""
    if not may(user, "ask models and the Senate"):
        return []
    admin = may(user, "save provider keys and settings")
    asked = SenateSession.objects.filter(owner=user).exists()
    steps = [_key(directory, admin), _caps(standing, asked), _ask(asked)]
    if all(step["done"] for step in steps):
        return []
    next((step for step in steps if step["action"] and not step["done"]), {})["next"] = True
    return [*steps, *_samples(filled)] if admin else steps


def _key(directory: Directory, admin: bool) -> dict[str, Any]:
    text = "One key asks one model; two review each other; three and more deliberate."
    if settings.AI_ALLOW_MOCK and not directory.configured():
        text += " Until then labelled test answers (Mock) let you try everything."
    return {
        "done": bool(directory.configured()),
        "title": "Save a key",
        "text": text if admin else "An admin saves it in Settings > AI.",
        "url": reverse("providers:keys"),
        "action": "Add key" if admin else "",
    }


def _caps(standing: caps.CapStanding, asked: bool) -> dict[str, Any]:
    cap = f"{money(standing.cost_cap_usd)} and {standing.token_cap:,} tokens"
    return {
        "done": asked or UserAICap.objects.exclude(user__username__in=demo.people.NAMES).exists(),
        "title": "Look at caps",
        "text": f"You may spend {cap} a UTC day; nobody can pass a cap.",
        "url": reverse("providers:caps"),
        "action": "See caps",
    }


def _ask(asked: bool) -> dict[str, Any]:
    return {
        "done": asked,
        "title": "Ask the first question",
        "text": "Watch the members answer, vote and resolve, and see what it cost.",
        "url": reverse("senate:list"),
        "action": "Ask",
    }


def _samples(filled: bool) -> list[dict[str, Any]]:
    """The offer of sample data, where it has a place; it is no step that has to be done."""
    if filled or demo.refusal():
        return []
    return [
        {
            "done": False,
            "optional": True,
            "title": "Or look around first",
            "text": SAMPLES,
            "url": reverse("samples"),
            "action": "Fill with sample data",
            "posts": "fill",
        }
    ]
