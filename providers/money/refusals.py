"""What was refused for want of money or tokens: reading the ledger's count of it, for pages and metrics.

The ledger counts a refusal in the transaction that refuses, so the count is that of all processes. By UTC day.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Max, Sum

from providers.models import Refusal
from providers.trail import audit

MOST = 50
WHY = {
    "daily_token_cap": "over the daily token cap",
    "daily_cost_cap": "over the daily cost cap",
    "daily_cost_limit": "over the site's daily limit",
    "monthly_cost_limit": "over the site's monthly limit",
    "per_request_cost_limit": "over the cost limit of one call",
    "first_gate": "stopped at the first gate of the Senate",
    "cap_exceeded": "not enough left for all of it",
}


def total(first: date, last: date, users: Iterable[int] | None = None, operation: str = "") -> int:
    """How often in these UTC days, both included; of these users, or (None) of everybody. One query."""
    rows = Refusal.objects.filter(day__gte=first, day__lte=last)
    if users is not None:
        rows = rows.filter(user_id__in=users)
    if operation:
        rows = rows.filter(operation=operation)
    return rows.aggregate(all=Sum("times"))["all"] or 0


def by_person(first: date, last: date, users: Iterable[int] | None = None) -> list[dict[str, Any]]:
    """{by, code, why, times, last_at}, the latest first, at most MOST. Two queries."""
    rows = Refusal.objects.filter(day__gte=first, day__lte=last)
    if users is not None:
        rows = rows.filter(user_id__in=users)
    found = rows.values("user_id", "code").annotate(all=Sum("times"), last=Max("last_at"))
    lines = list(found.order_by("-last", "user_id", "code")[:MOST])
    names = audit.names_of({line["user_id"] for line in lines})
    return [
        {
            "by": names.get(line["user_id"], f"Former user {line['user_id']}"),
            "code": line["code"],
            "why": WHY.get(line["code"], line["code"]),
            "times": line["all"],
            "last_at": line["last"].isoformat(),
        }
        for line in lines
    ]


def by_reason() -> dict[str, int]:
    """Code -> how often since counting began; every known code. One query."""
    counted = Refusal.objects.values_list("code").annotate(all=Sum("times"))
    return dict.fromkeys(WHY, 0) | dict(counted)
