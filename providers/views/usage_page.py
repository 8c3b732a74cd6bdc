"""What the usage pages need beside the figures: links, chips, the choices of the filter form."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from providers.access.roles import may
from providers.catalog import CATALOG, EXTRA
from providers.charts import Chart, Limit
from providers.exceptions import InvalidInput
from providers.usage.advice import advice
from providers.usage.chart import chart_of, day_name, drawn
from providers.usage.matrix import matrix
from providers.usage.names import provider_name
from providers.usage.question import GROUPS, RANGES, STATUSES, Question
from providers.usage.scope import sees_everyone
from providers.usage.summary import summary
from providers.usage.zones import OFFERED, UTC_NAME
from providers.views import caps_page
from providers.views.usage_limits import budget_of_month, limit_of_days, policy_of

FILTER_NAMES = {
    "provider": "Provider",
    "model": "Model",
    "user": "User",
    "session": "Session",
    "operation": "Operation",
    "service": "Service",
    "status": "Status",
}
MOST_USERS = 500
MUCH_MORE = 10  # percent more than before; from here on it is marked


VIEWS = {"": "Spend", "details": "Tokens and times", "matrix": "Users by models", "advice": "Advice"}


def look(viewer: Any, question: Question, given: dict[str, str]) -> dict[str, Any]:
    """The usage page. Errors: InvalidInput, NotFound."""
    view = given.get("view", "").strip()
    if view not in (*VIEWS, "table"):
        raise InvalidInput(
            f"view can be table, {', '.join(name for name in VIEWS if name)}, or nothing.", param="view"
        )
    data = summary(viewer, question)
    policy = policy_of(viewer, question)
    limit = limit_of_days(viewer, question, policy)
    here = reverse("providers:calls")
    urls = [here + question.query(group="", **{"from": day["day"], "to": day["day"]}) for day in data["days"]]
    chart = chart_of(data, urls, limit)
    _add_links(data, question, urls)
    for day, dollars in zip(data["days"], limit.dollars if limit else (), strict=False):
        day["limit_usd"] = str(dollars)
    return {
        **data,
        **controls(viewer, question, "providers:usage"),
        "ranges": _ranges(question, view),
        "groupings": _groupings(question, view),
        "group_label": GROUPS[question.group],
        "view": view,
        "tabs": [*_tabs(question, view), {"label": "Calls", "url": calls_url(question), "current": False}],
        "as_table": view == "table",
        "table_url": question.query(view="table"),
        "chart_url": question.query(),
        "earlier_url": question.shifted(-1).query(view=view),
        "later_url": question.shifted(1).query(view=view) if question.last < question.today else "",
        **{f"{status}_url": calls_url(question, status=status) for status in ("failed", "limited", "fallback")},
        "details_url": question.query(view="details"),
        "before_label": _before_label(question),
        "highest": _highest(data["days"]),
        "limit": _limit(limit, chart) if limit else None,
        "budget": budget_of_month(policy, data["month"]),
        "chart": drawn(data, chart),
        "nearest": nearest(viewer),
        "matrix": _matrix(viewer, question) if view == "matrix" else None,
        "advice": _advice(viewer, question) if view == "advice" else None,
    }


def _limit(limit: Limit, chart: Chart) -> dict[str, Any]:
    """`above`: days on which it stands beyond the chart, or is nothing."""
    drawn_on = sum(after - first for first, after, _ in chart.limit_steps)
    return {"kind": limit.name, "name": limit.label(limit.dollars[-1]), "above": len(limit.dollars) - drawn_on}


def _tabs(question: Question, view: str) -> list[dict[str, Any]]:
    shown = "" if view == "table" else view
    return [
        {"label": label, "url": question.query(view=name), "current": name == shown}
        for name, label in VIEWS.items()
    ]


def _matrix(viewer: Any, question: Question) -> dict[str, Any]:
    """With a link behind every figure, and how strong each cell's colour is, 0 to 5."""
    data = matrix(viewer, question)
    named = [cell for row in data["rows"] for cell in row["cells"] if cell["filters"]]
    most = max((Decimal(cell["spend_usd"]) for cell in named), default=Decimal(0))
    for model in data["models"]:
        model["url"] = _url_of(question, model["filters"])
    for row in data["rows"]:
        row["url"] = _url_of(question, row["filters"])
        for cell in row["cells"]:
            cell["url"] = _url_of(question, cell["filters"])
            cell["step"] = int(Decimal(cell["spend_usd"]) * 5 / most) if most and cell["filters"] else 0
    return data


def _advice(viewer: Any, question: Question) -> dict[str, Any]:
    data = advice(viewer, question)
    for finding in data["findings"]:
        finding["url"] = finding["url"] or _url_of(question, finding["filters"])
    return data


def _url_of(question: Question, filters: dict[str, str]) -> str:
    return calls_url(question, **filters) if filters else ""


def _add_links(data: dict[str, Any], question: Question, urls: list[str]) -> None:
    """Every figure leads to the calls behind it."""
    largest = max((Decimal(group["spend_usd"]) for group in data["groups"]), default=Decimal(0))
    for group in data["groups"]:
        chosen = group["filters"]
        group["url"] = calls_url(question, **chosen) if chosen else ""
        group["failed_url"] = calls_url(question, **{"status": "failed", **chosen}) if chosen else ""
        group["share_of_largest"] = str(Decimal(group["spend_usd"]) * 100 / largest) if largest else "0"
    for day, url in zip(data["days"], urls, strict=True):
        day["url"] = url
    data["month"]["url"] = calls_url(question.this_month())
    change = data["before"]["change_percent"]
    data["before"]["rise"] = change is not None and Decimal(change) >= MUCH_MORE


def _before_label(question: Question) -> str:
    earlier = question.before()
    if question.range == "today":
        return "the day before, whole"
    if question.range == "month":
        return f"{earlier.first:%B} 1 to {earlier.last.day}" if earlier.days > 1 else f"{earlier.first:%B} 1"
    return f"the {earlier.days} days before" if earlier.days > 1 else "the day before"


def calls_page(viewer: Any, question: Question, page: dict[str, Any]) -> dict[str, Any]:
    here = reverse("providers:calls")
    for row in page["rows"]:
        row["url"] = reverse("providers:call", args=[row["id"]])
    return {**page, **neighbours(question, page, here), **controls(viewer, question, "providers:calls")}


def call_page(viewer: Any, call: dict[str, Any]) -> dict[str, Any]:
    day = call["created_at"][:10]
    session = call["session_id"]
    return {
        **call,
        "estimated": call["usage_source"] != "reported",
        "attempts_tokens": sum(one["total_tokens"] for one in call["attempts"]),
        "attempts_usd": str(sum((Decimal(one["actual_cost_usd"]) for one in call["attempts"]), Decimal(0))),
        "rate_rows": [{"name": name.replace("_", " "), "rate": str(rate)} for name, rate in call["rates"].items()],
        "crumbs": [
            {"label": "Usage", "url": reverse("providers:usage")},
            {"label": "Calls", "url": f"{reverse('providers:calls')}?from={day}&to={day}"},
            {"label": call["id"][:8]},
        ],
        "session_calls_url": f"{reverse('providers:calls')}?{urlencode({'session': session})}" if session else "",
        "session_url": _transcript(call),
        "sees_everyone": sees_everyone(viewer),
    }


def _transcript(call: dict[str, Any]) -> str:
    """Where the deliberation of a call can be read. Its page stands on a floor above, so it is found by name."""
    if not call["operation"].startswith("senate."):
        return ""
    try:
        return reverse("senate:session", args=[call["session_id"]])
    except NoReverseMatch:
        return ""


def controls(viewer: Any, question: Question, route: str) -> dict[str, Any]:
    """Filter chips and the form of all filters, which lead back to `route`; what the reader may do."""
    everyone = sees_everyone(viewer)
    return {
        "sees_everyone": everyone,
        "may_ask": may(viewer, "ask models and the Senate"),
        "chips": [
            {"name": FILTER_NAMES[name], "value": _shown(name, value), "remove_url": question.query(**{name: ""})}
            for name, value in question.filters.items()
        ],
        "form": {
            "action": reverse(route),
            "open": question.range == "custom",
            "group": "" if question.group == "provider" else question.group,
            "providers": _any([(row.slug, provider_name(row.slug)) for row in (*CATALOG, *EXTRA)]),
            "zones": [{"value": name, "label": name} for name in _zones(question)],
            "statuses": _any(list(STATUSES.items())),
            "users": _any([(name, name) for name in usernames()]) if everyone else [],
        },
        "values": {
            **question.filters,
            "from": question.first.isoformat(),
            "to": question.last.isoformat(),
            "zone": question.zone,
        },
        "errors": {},
        "calls_url": calls_url(question),
        "usage_url": reverse("providers:usage") + question.query(),
        "export_url": calls_url(question, export="csv"),
        "export_json_url": calls_url(question, export="json"),
    }


def neighbours(question: Question, page: dict[str, Any], here: str) -> dict[str, str]:
    """`next_url` leads to older calls, `newest_url` back to the first page; empty where one is there."""
    size = page["page_size"] if page["page_size"] != 50 else ""
    older = here + question.query(group="", after=page["next"], page_size=size) if page["next"] else ""
    newest = here + question.query(group="", page_size=size) if page["first"] > 1 else ""
    return {"newest_url": newest, "next_url": older}


def calls_url(question: Question, **changes: str) -> str:
    return reverse("providers:calls") + question.query(group="", **changes)


def usernames() -> list[str]:
    return list(get_user_model().objects.order_by("username").values_list("username", flat=True)[:MOST_USERS])


def nearest(viewer: Any) -> list[dict[str, Any]]:
    """Who is closest to a daily cap: at most four people who made calls today, or just the reader."""
    found = caps_page.standings(viewer, timezone.now())
    if sees_everyone(viewer):
        found = [one for one in found if one["used_tokens"] or Decimal(one["used_usd"])][:4]
    today = f"{reverse('providers:calls')}?range=today"
    return [caps_page.shown(one, f"{today}&user={one['username']}") for one in found]


def _ranges(question: Question, view: str) -> list[dict[str, Any]]:
    ends = {"from": question.first.isoformat(), "to": question.last.isoformat()}
    return [
        _choice(
            label,
            question,
            view,
            current=name == question.range,
            **(ends if name == "custom" else {"range": "" if name == "30d" else name}),
        )
        for name, label in RANGES.items()
    ]


def _groupings(question: Question, view: str) -> list[dict[str, Any]]:
    return [
        _choice(label, question, view, group=name if name != "provider" else "", current=name == question.group)
        for name, label in GROUPS.items()
    ]


def _choice(label: str, question: Question, view: str, *, current: bool, **changes: str) -> dict[str, Any]:
    return {"label": label, "url": question.query(view=view, **changes), "current": current}


def _zones(question: Question) -> list[str]:
    return sorted({*OFFERED, question.zone}, key=lambda name: (name != UTC_NAME, name))


def _any(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"value": "", "label": "Any"}, *({"value": value, "label": label} for value, label in pairs)]


def _shown(name: str, value: str) -> str:
    if name == "provider":
        return provider_name(value)
    return STATUSES[value] if name == "status" else value


def _highest(days: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The day with most spend; None where nothing was spent."""
    day = max(days, key=lambda one: Decimal(one["spend_usd"]), default=None)
    if day is None or not Decimal(day["spend_usd"]):
        return None
    return {**day, "label": day_name(day["day"])}
