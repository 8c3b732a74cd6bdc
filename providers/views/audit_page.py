"""What the audit page needs beside the entries: what changed in words, links, chips, the filter form."""

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from providers.ledger.chains import AUDIT, USAGE
from providers.trail import audit_log
from providers.trail.audit_log import Asked

NAMES = {"actor": "Who", "action": "What", "object": "Object", "from": "From", "to": "To"}
SHOWN = 3  # changes in a line of the list
LONGEST = 60


def look(asked: Asked) -> dict[str, Any]:
    """The page as one dict. Errors: InvalidInput."""
    found = audit_log.page(asked)
    for entry in found["entries"]:
        entry["url"] = reverse("providers:audit-entry", args=[entry["number"]])
        entry["changes"] = changes(entry)
    older = asked.query(before=found["next_before"]) if found["next_before"] else ""
    return {
        **found,
        "older_url": older,
        "newest_url": asked.query() if asked.before else "",
        "filtered": asked.query() != "?",
        "chips": chips(asked),
        "form": form(),
        "values": {"actor": asked.actor, "action": asked.action, "object": asked.object}
        | {"from": asked.first or "", "to": asked.last or ""},
        "errors": {},
        "notes": [],
        "chain": audit_log.standing(AUDIT),
        "usage_chain": audit_log.standing(USAGE),
        "csv_url": asked.query(export="csv"),
        "json_url": asked.query(export="json"),
    }


def entry(found: dict[str, Any]) -> dict[str, Any]:
    names = sorted({*found["before"], *found["after"]})
    return {
        **found,
        "rows": [
            {"name": name, "before": said(found["before"].get(name)), "after": said(found["after"].get(name))}
            for name in names
        ],
        "audit_url": reverse("providers:audit"),
        "same_url": reverse("providers:audit") + _object_query(found),
        "chain": audit_log.standing(AUDIT),
    }


def _object_query(found: dict[str, Any]) -> str:
    thing = found["object"]
    return Asked(object=f"{thing['type']}:{thing['id']}" if thing["id"] else thing["type"]).query()


def changes(entry: dict[str, Any]) -> str:
    """`daily_cost_cap_usd 10.00 > 15.00`, a few of them."""
    before, after = entry["before"], entry["after"]
    words = [
        f"{name} {said(before[name])} > {said(value)}" if name in before else f"{name} {said(value)}"
        for name, value in list(after.items())[:SHOWN]
    ]
    words += [f"{name} {said(value)}" for name, value in list(before.items())[:SHOWN] if name not in after]
    more = len({*before, *after}) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def said(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value) or "nothing"
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def chips(asked: Asked) -> list[dict[str, str]]:
    given = {"actor": asked.actor, "action": asked.action, "object": asked.object}
    given |= {"from": str(asked.first or ""), "to": str(asked.last or "")}
    return [
        {"name": NAMES[name], "value": value, "remove_url": asked.query(**{name: ""})}
        for name, value in given.items()
        if value
    ]


def form() -> dict[str, Any]:
    people = get_user_model()._default_manager.order_by("username").values_list("username", flat=True)[:500]
    return {
        "action": reverse("providers:audit"),
        "actors": _any(["shell", "worker", "nobody", *people]),
        "actions": _any(audit_log.actions()),
    }


def _any(values: list[str]) -> list[dict[str, str]]:
    return [{"value": "", "label": "Any"}, *({"value": value, "label": value} for value in values)]
