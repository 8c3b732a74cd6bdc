"""What the overview shows: the first steps until they are done, what needs somebody, what runs, what was spent."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode

from providers import board, caps, health
from providers.directory import Directory
from providers.format import exact_count, money
from providers.models import UserAICap
from providers.roles import may
from senate.models import OPEN_STATES, SenateSession

MOST_NEEDS = 7


def look(user: Any) -> dict[str, Any]:
    """Plain values for `templates/overview.html`."""
    directory = Directory()
    standing = caps.standing(user)
    states = provider_states(directory)
    needs = needs_of(user, states, standing)
    return {
        "checklist": checklist(user, directory, standing),
        "needs_you": needs[:MOST_NEEDS],
        "needs_more": max(0, len(needs) - MOST_NEEDS),
        "running": running(user),
        "spend": spend_of(user, standing),
        "providers": states,
    }


def checklist(user: Any, directory: Directory, standing: caps.CapStanding) -> list[dict[str, Any]]:
    """Ticks itself from rows; empty once all is done, or for who may not ask."""
    if not may(user, "ask models and the Senate"):
        return []
    admin = may(user, "save provider keys and settings")
    asked = SenateSession.objects.filter(owner=user).exists()
    steps = [step_key(directory, admin), step_caps(standing, asked)]
    steps.append(
        {
            "done": asked,
            "title": "Ask the first question",
            "text": "Watch the members answer, vote and resolve, and see what it cost.",
            "url": reverse("senate:list"),
            "action": "Ask",
        }
    )
    return [] if all(step["done"] for step in steps) else steps


def step_key(directory: Directory, admin: bool) -> dict[str, Any]:
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


def step_caps(standing: caps.CapStanding, asked: bool) -> dict[str, Any]:
    cap = f"{money(standing.cost_cap_usd)} and {standing.token_cap:,} tokens"
    return {
        "done": asked or UserAICap.objects.exists(),
        "title": "Look at caps",
        "text": f"You may spend {cap} a UTC day; nobody can pass a cap.",
        "url": reverse("providers:caps"),
        "action": "See caps",
    }


def provider_states(directory: Directory) -> list[dict[str, Any]]:
    """Providers with a key, in the admin's order, with the state that their rows show."""
    entries = [entry for entry in directory.entries.values() if entry.has_key]
    found = health.of(entries, datetime.now(UTC), board.keyed_at(directory))
    return [
        {
            "name": entry.row.name,
            "slug": entry.row.slug,
            "monogram": entry.row.monogram,
            "slot": entry.slot,
            "state": found[entry.row.slug].badge,
            "text": found[entry.row.slug].badge_text,
            "trouble": found[entry.row.slug].trouble,
            "sentence": found[entry.row.slug].detail,
        }
        for entry in entries
    ]


def needs_of(user: Any, states: list[dict[str, Any]], standing: caps.CapStanding) -> list[dict[str, Any]]:
    """Refused keys for who can replace them, and one's own cap once it is nearly used."""
    needs = []
    if may(user, "save provider keys and settings"):
        needs = [
            {
                "tone": "bad",
                "title": f"{state['name']}: {state['state'].lower()}",
                "text": state["sentence"],
                "url": f"{reverse('providers:keys')}?{urlencode({'edit': state['slug']})}",
                "action": "Replace key",
            }
            for state in states
            if state["trouble"]
        ]
    if share(standing) >= 95:
        needs.append(
            {
                "tone": "warn",
                "title": "Your cap is nearly used",
                "text": f"{money(standing.left_usd)} and {standing.left_tokens:,} tokens are left today.",
                "url": reverse("providers:caps"),
                "action": "See caps",
            }
        )
    return needs


def share(standing: caps.CapStanding) -> float:
    """Percent of the cap that is used or reserved, by money or by tokens, whichever is nearer."""
    return max(share_of_money(standing), share_of_tokens(standing))


def share_of_money(standing: caps.CapStanding) -> float:
    return part(standing.used_usd + standing.reserved_usd, standing.cost_cap_usd)


def share_of_tokens(standing: caps.CapStanding) -> float:
    return part(standing.used_tokens + standing.reserved_tokens, standing.token_cap)


def part(used: Any, cap: Any) -> float:
    return 100.0 if not cap else min(100.0, float(used / cap * 100))


def spend_of(user: Any, standing: caps.CapStanding) -> dict[str, Any]:
    return {
        "today": standing.used_usd,
        "cap": standing.cost_cap_usd,
        "reserved": standing.reserved_usd,
        "share_percent": share(standing),
        "nearer": nearer(standing),
        "url": f"{reverse('providers:usage')}?{urlencode({'range': 'today', 'user': user.get_username()})}",
    }


def nearer(standing: caps.CapStanding) -> str:
    """Which of the two caps the share is of."""
    if share_of_tokens(standing) > share_of_money(standing):
        return f"{exact_count(standing.token_cap)} tokens"
    return "cap"


def running(user: Any) -> list[dict[str, Any]]:
    rows = SenateSession.objects.visible_to(user).filter(state__in=OPEN_STATES)[:7]
    return [{"id": row.pk, "question": row.question, "phase": row.phase, "state": row.state} for row in rows]
