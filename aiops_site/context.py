"""What the frame shows on every page: navigation, who is looking, the request's id."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from aiops_site.policy import allows
from providers.roles import role_of

# label, route, icon; a route that does not exist yet, or is closed to the role, is not shown
GROUPS: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("", [("Overview", "overview", "layout-dashboard"), ("Ask", "senate:list", "messages-square")]),
    ("Spend", [("Usage", "providers:usage", "chart-column-stacked"), ("Caps", "providers:caps", "gauge")]),
    ("Settings", [("AI providers", "providers:keys", "plug"), ("Senate", "providers:committee", "landmark")]),
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
    return {**context, "viewer": viewer, "navigation": navigation(request, role)}


def navigation(request: HttpRequest, role: Any) -> list[dict[str, Any]]:
    here = request.resolver_match.view_name if request.resolver_match else ""
    groups = []
    for label, entries in GROUPS:
        items = [item(entry, here) for entry in entries if allows(entry[1], "GET", role)]
        if items := [i for i in items if i]:
            groups.append({"label": label, "items": items})
    return groups


SECTION = {
    "senate:session": "senate:list",
    "providers:calls": "providers:usage",
    "providers:call": "providers:usage",
}


def item(entry: tuple[str, str, str], here: str) -> dict[str, Any] | None:
    label, route, icon = entry
    try:
        url = reverse(route)
    except NoReverseMatch:
        return None
    return {"label": label, "url": url, "icon": icon, "current": SECTION.get(here, here) == route, "badge": 0}
