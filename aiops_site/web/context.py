"""What the frame shows on every page: navigation, who is looking, the request's id."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from aiops_site.policy import allows
from intelligence.agents import credentials
from intelligence.approval import approvals
from intelligence.fleet import services
from intelligence.models import AgentStop, Incident
from providers.access.roles import role_of
from providers.counting import counted
from providers.models import ChainCheck
from providers.notify import page
from providers.runtime import clock
from senate.models import OPEN_STATES, SenateSession

Badges = dict[str, tuple[int, str]]  # route -> how many, in words

# label, route, icon; a route that does not exist yet, or is closed to the role, is not shown
GROUPS: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("", [("Overview", "overview", "layout-dashboard"), ("Ask", "senate:list", "messages-square")]),
    (
        "Operate",
        [
            ("Services", "intelligence:services", "server"),
            ("Incidents", "intelligence:incidents", "siren"),
            ("Analyses", "intelligence:analyses", "file-search"),
            ("Fixes", "jules:fixes", "git-pull-request-arrow"),
            ("Agents", "intelligence:agents", "bot"),
            ("Approvals", "intelligence:approvals", "shield-check"),
        ],
    ),
    ("Spend", [("Usage", "providers:usage", "chart-column-stacked"), ("Caps", "providers:caps", "gauge")]),
    (
        "Settings",
        [
            ("AI providers", "providers:keys", "plug"),
            ("Senate", "providers:committee", "landmark"),
            ("Log analysis", "intelligence:providers", "scan-search"),
            ("Policy", "providers:policy", "wallet"),
            ("Audit log", "providers:audit", "scroll-text"),
        ],
    ),
]
THEMES = {"light", "dark"}


def frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    role = role_of(user)
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "theme": theme if theme in THEMES else "",
        "request_id": getattr(request, "request_id", ""),
    }
    if role is None:
        return context
    name = user.get_full_name() or user.get_username()
    initials = "".join(part[0] for part in name.split()[:2]).upper()
    viewer = {"name": name, "initials": initials, "role": role.value, "theme": context["theme"]}
    # Lazy: a fragment shows no navigation and must not pay for its counts.
    counts = SimpleLazyObject(lambda: count(user, role))
    told = SimpleLazyObject(lambda: page.unseen(user, clock.now()) if counts["told"] else [])
    groups = SimpleLazyObject(lambda: navigation(request, role, counts))
    return {
        **context,
        "viewer": viewer,
        "told": told,
        "search_url": reverse("search"),
        "agents_stopped": SimpleLazyObject(lambda: credentials.stopped() if counts["stopped"] else None),
        "places": SimpleLazyObject(
            lambda: get_template("components/navigation.html").render({"navigation": groups})
        ),
        "topbar": SimpleLazyObject(lambda: topbar(groups)),
    }


def topbar(groups: list[dict[str, Any]]) -> dict[str, Any]:
    """The name of the place where the reader is, and the item of approvals, for a small screen."""
    items = [item for group in groups for item in group["items"]]
    here = next((item["label"] for item in items if item["current"]), "")
    return {"here": here, "approvals": next((item for item in items if item["icon"] == "shield-check"), None)}


def count(user: Any, role: Any) -> dict[str, int]:
    """What the frame says about the rows behind it, by route; `told` and `stopped`: whether there is anything."""
    broken = ChainCheck.objects.filter(ok=False)
    return counted(
        **{
            "senate:list": SenateSession.objects.visible_to(user).filter(state__in=OPEN_STATES),
            "intelligence:approvals": approvals.waiting_for(user),
            "providers:audit": broken if allows("providers:audit", "GET", role) else broken.none(),
            "intelligence:services": services.failing(),
            "intelligence:incidents": Incident.objects.visible_to(user).filter(state="open"),
            "told": page.unseen_rows(user, clock.now()),
            "stopped": AgentStop.objects.filter(stopped=True),
        }
    )


def navigation(request: HttpRequest, role: Any, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Groups of what the role may open. A badge is a count of rows behind the item, and only there when not 0."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    badges = {
        route: (counts[route], words.format(counts[route])) for route, words in WORDS.items() if counts.get(route)
    }
    groups = []
    for label, entries in GROUPS:
        items = [item(entry, here, badges) for entry in entries if allows(entry[1], "GET", role)]
        if items := [i for i in items if i]:
            groups.append({"label": label, "items": items})
    return groups


SECTION = {
    "senate:session": "senate:list",
    "senate:compare": "senate:list",
    "jules:attempt": "jules:fixes",
    "intelligence:approval": "intelligence:approvals",
    "intelligence:agent": "intelligence:agents",
    "intelligence:agent-rotate": "intelligence:agents",
    "intelligence:agent-runs": "intelligence:agents",
    "intelligence:sandbox": "intelligence:agents",
    "intelligence:agent-run": "intelligence:agents",
    "intelligence:service-new": "intelligence:services",
    "intelligence:service": "intelligence:services",
    "intelligence:service-edit": "intelligence:services",
    "intelligence:deployment": "intelligence:services",
    "providers:calls": "providers:usage",
    "providers:call": "providers:usage",
    "intelligence:incident": "intelligence:incidents",
    "intelligence:analysis": "intelligence:analyses",
    "providers:audit-entry": "providers:audit",
    "providers:cap": "providers:caps",
    "providers:budgets": "providers:caps",
    "providers:channels": "providers:caps",
}
LEADS = {"senate:list": "?tab=running", "intelligence:services": "?tab=failing"}  # to the rows that a badge counts
WORDS = {
    "senate:list": "{} running",
    "intelligence:approvals": "{} waiting",
    "providers:audit": "chain broken",
    "intelligence:services": "{} failing",
    "intelligence:incidents": "{} open",
}
TONES = {"providers:audit": "red", "intelligence:services": "red", "intelligence:incidents": "red"}


@cache
def address(route: str) -> str:
    """Empty where there is no such route; asked for fifteen times on every page."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


def item(entry: tuple[str, str, str], here: str, badges: Badges) -> dict[str, Any] | None:
    label, route, icon = entry
    url = address(route)
    if not url:
        return None
    count, words = badges.get(route, (0, ""))
    current = SECTION.get(here, here) == route
    if count:
        url += LEADS.get(route, "")
    shown = {"badge": count, "badge_label": words, "badge_tone": TONES.get(route, "")}
    return {"label": label, "url": url, "icon": icon, "current": current, **shown}
