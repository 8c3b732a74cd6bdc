"""What needs this reader now, the most pressing first, and only what the reader can act on.

Approvals that run out, failing services, open incidents, providers in trouble, caps and budgets that are nearly
used, a broken chain.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from intelligence.models import Approval, Incident
from providers import caps, limits
from providers.format import money, percent, seconds
from providers.models import AIServiceConfig, ChainCheck
from providers.roles import may
from providers.views import caps_page

MOST = 20  # of a kind; how many more there are is counted
NEARLY = 95  # percent of a cap or a budget
Need = dict[str, Any]


def of(
    user: Any, states: list[dict[str, Any]], standing: caps.CapStanding, services: dict[str, Any]
) -> tuple[list[Need], int]:
    """{tone, title, text, url, action} each, and how many there are beyond these. `states`: of providers;
    `services`: of `tiles.services`."""
    now = timezone.now()
    found, unseen = approvals(user, now) if may(user, "decide approvals") else ([], 0)
    if may(user, "change services and deployments"):
        failing = [failed(one) for one in services["failing"]]
        others, more = incidents(user, services["broken_ids"])
        found += failing + others
        unseen += services["broken"] - len(failing) + more
    if may(user, "save provider keys and settings"):
        found += keys(states)
    if may(user, "change caps"):
        found += budgets(now) + people(user, now)
    found += own_cap(standing)
    if may(user, "see everyone's usage"):
        found += chains()
    return found, unseen


def approvals(user: Any, now: datetime) -> tuple[list[Need], int]:
    rows = Approval.objects.visible_to(user).filter(state="pending", expires_at__gt=now).exclude(requested_by=user)
    found = [
        {
            "tone": "warn",
            "title": one.title,
            "text": f"{one.requester} asks, {seconds((one.expires_at - now).total_seconds())} left",
            "url": reverse("intelligence:approval", args=[one.pk]),
            "action": "Review",
        }
        for one in rows.order_by("expires_at")[:MOST]
    ]
    return found, unseen_of(rows, found)


def unseen_of(rows: QuerySet[Any], found: list[Need]) -> int:
    return rows.count() - MOST if len(found) == MOST else 0


def failed(service: dict[str, Any]) -> Need:
    return {
        "tone": "bad",
        "title": f"{service['name']} failed",
        "text": service["cause"] or service["reason"],
        "url": service["url"],
        "action": "See evidence",
    }


def incidents(user: Any, told: list[Any]) -> tuple[list[Need], int]:
    """Open ones of high or medium severity, but for services that fail, which stand here already."""
    rows = Incident.objects.visible_to(user).filter(state="open", severity__in=("high", "medium"))
    rows = rows.exclude(service__in=told).select_related("service").order_by("-last_seen")
    found = [
        {
            "tone": "bad" if one.severity == "high" else "warn",
            "title": f"{one.service.name}: {one.code}",
            "text": one.title,
            "url": reverse("intelligence:incident", args=[one.pk]),
            "action": "Look",
        }
        for one in sorted(rows[:MOST], key=lambda one: one.severity != "high")
    ]
    return found, unseen_of(rows, found)


def keys(states: list[dict[str, Any]]) -> list[Need]:
    return [
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


def budgets(now: datetime) -> list[Need]:
    stands = limits.standing(AIServiceConfig.get_instance(), now)
    taken = (
        ("today", stands.today_usd, stands.daily_limit_usd),
        ("this month", stands.month_usd, stands.monthly_limit_usd),
    )
    return [
        {
            "tone": "bad",
            "title": f"The site's budget {when} is nearly used",
            "text": f"{money(used, 2)} of {money(limit, 2)}.",
            "url": reverse("providers:caps"),
            "action": "See budgets",
        }
        for when, used, limit in taken
        if caps_page.share(used, limit) >= NEARLY
    ]


def people(user: Any, now: datetime) -> list[Need]:
    """Others whose cap is nearly used."""
    found = []
    for one in caps_page.standings(user, now):
        if (used := caps_page.fullest(one)) < NEARLY:
            break  # the fullest come first
        if one["username"] != user.get_username():
            said = "has used the cap" if used >= 100 else f"is at {percent(str(used))} of the cap"
            left = f"{money(one['used_usd'], 2)} of {money(one['daily_cost_cap_usd'], 2)} today."
            url = reverse("providers:cap", args=[one["username"]])
            found.append(
                {
                    "tone": "warn",
                    "title": f"{one['name']} {said}",
                    "text": left,
                    "url": url,
                    "action": "Change cap",
                }
            )
    return found


def own_cap(standing: caps.CapStanding) -> list[Need]:
    if share(standing) < NEARLY:
        return []
    left = f"{money(standing.left_usd)} and {standing.left_tokens:,} tokens are left today."
    url = reverse("providers:caps")
    return [
        {"tone": "warn", "title": "Your cap is nearly used", "text": left, "url": url, "action": "See caps"},
    ]


def chains() -> list[Need]:
    broken = ChainCheck.objects.filter(ok=False).count()
    text = "A row was changed or is missing. Read the runbook before anything is written."
    url = reverse("providers:audit")
    need = {
        "tone": "bad",
        "title": "The ledger's proof is broken",
        "text": text,
        "url": url,
        "action": "See where",
    }
    return [need] if broken else []


def share(standing: caps.CapStanding) -> float:
    """Percent of the cap that is used or reserved, by money or by tokens, whichever is nearer."""
    return max(share_of_money(standing), share_of_tokens(standing))


def share_of_money(standing: caps.CapStanding) -> float:
    return part(standing.used_usd + standing.reserved_usd, standing.cost_cap_usd)


def share_of_tokens(standing: caps.CapStanding) -> float:
    return part(standing.used_tokens + standing.reserved_tokens, standing.token_cap)


def part(used: Any, cap: Any) -> float:
    return 100.0 if not cap else min(100.0, float(used / cap * 100))
