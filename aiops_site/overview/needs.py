"""What needs this reader now, the most pressing first, and only what the reader can act on.

Approvals that run out, failing services, open incidents, providers in trouble, caps and budgets that are nearly
used, a broken chain.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from aiops_site.overview.money import Money, share
from intelligence.models import Approval, Incident
from providers.access.roles import may
from providers.format import money, percent, seconds
from providers.money import caps
from providers.views import caps_page

MOST = 20  # of a kind; how many more there are is counted
NEARLY = 95  # percent of a cap or a budget
TROUBLES = {
    "Key refused": "refuses its key",
    "Can't decrypt": "has a key that can't be decrypted",
    "No key": "has a key that is held back",
    "Failed": "fails",
    "Resting": "rests",
    "Probing": "is tried again after a rest",
}
WRONG_KEYS = {"Key refused", "Can't decrypt"}  # badges of what a new key cures
Need = dict[str, Any]


def of(
    user: Any,
    now: datetime,
    states: list[dict[str, Any]],
    standing: Money,
    services: dict[str, Any],
    broken_chains: int,
) -> tuple[list[Need], int]:
    """{tone, title, text, url, action} each, and how many there are beyond these. `states`: of providers;
    `services`: of `tiles.services`."""
    found, unseen = approvals(user, now) if may(user, "decide approvals") else ([], 0)
    if may(user, "change services and deployments"):
        failing = [failed(one) for one in services["failing"]]
        others, more = incidents(user, services["broken_ids"])
        found += failing + others
        unseen += services["broken"] - len(failing) + more
    if may(user, "save provider keys and settings"):
        found += keys(states)
    if may(user, "change caps"):
        found += budgets(standing) + people(standing)
    found += own_cap(standing.own)
    if broken_chains and may(user, "see everyone's usage"):
        found.append(chain())
    return found, unseen


def approvals(user: Any, now: datetime) -> tuple[list[Need], int]:
    rows = Approval.objects.visible_to(user).filter(state="pending", expires_at__gt=now).exclude(requested_by=user)
    found = [
        {
            "tone": "warn",
            "title": title,
            "text": f"{requester} asks, {seconds((expires_at - now).total_seconds())} left",
            "url": reverse("intelligence:approval", args=[pk]),
            "action": "Review",
        }
        for pk, title, requester, expires_at in rows.order_by("expires_at").values_list(
            "pk", "title", "requester", "expires_at"
        )[:MOST]
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
    rows = rows.exclude(service__in=told).order_by("-last_seen")
    newest = rows.values_list("severity", "service__name", "code", "title", "pk")[:MOST]
    found = [
        {
            "tone": "bad" if severity == "high" else "warn",
            "title": f"{service}: {code}",
            "text": title,
            "url": reverse("intelligence:incident", args=[pk]),
            "action": "See incident",
        }
        for severity, service, code, title, pk in sorted(newest, key=lambda one: one[0] != "high")
    ]
    return found, unseen_of(rows, found)


def keys(states: list[dict[str, Any]]) -> list[Need]:
    return [
        {
            "tone": "bad",
            "title": f"{state['name']} {TROUBLES.get(state['state'], 'is in trouble')}",
            "text": state["sentence"],
            "url": f"{reverse('providers:keys')}?{urlencode({'edit': state['slug']})}",
            "action": "Replace key" if state["state"] in WRONG_KEYS else "See provider",
        }
        for state in states
        if state["trouble"]
    ]


def budgets(standing: Money) -> list[Need]:
    stands = standing.site
    if stands is None:
        return []
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


def people(standing: Money) -> list[Need]:
    """Others whose cap is nearly used, the fullest first."""
    nearly = [(used_of(one), user, one) for user, one in standing.others if used_of(one) >= NEARLY]
    return [person(*each) for each in sorted(nearly, key=lambda each: (-each[0], each[1].get_username()))]


def used_of(one: caps.CapStanding) -> Decimal:
    """Percent of the cap that is used, what is reserved left out: that may yet be given back."""
    money_used = caps_page.share(one.used_usd, one.cost_cap_usd)
    return max(money_used, caps_page.share(one.used_tokens, one.token_cap))


def person(used: Decimal, user: Any, one: caps.CapStanding) -> Need:
    said = "has used the cap" if used >= 100 else f"is at {percent(str(used))} of the cap"
    return {
        "tone": "warn",
        "title": f"{user.get_full_name() or user.get_username()} {said}",
        "text": f"{money(one.used_usd, 2)} of {money(one.cost_cap_usd, 2)} today.",
        "url": reverse("providers:cap", args=[user.get_username()]),
        "action": "Change cap",
    }


def own_cap(standing: caps.CapStanding) -> list[Need]:
    if share(standing) < NEARLY:
        return []
    left = f"{money(standing.left_usd)} and {standing.left_tokens:,} tokens are left today."
    url = reverse("providers:caps")
    return [
        {"tone": "warn", "title": "Your cap is nearly used", "text": left, "url": url, "action": "See caps"},
    ]


def chain() -> Need:
    return {
        "tone": "bad",
        "title": "The ledger's proof is broken",
        "text": "A row was changed or is missing. Read the runbook before anything is written.",
        "url": reverse("providers:audit"),
        "action": "See where",
    }
