"""What came of the fixes, in figures: attempts, verified, merged, rejected, time to merge, cost per merged fix."""

from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from jules.models import FixAttempt

DAYS = 30
# Figure: the filters of `/jules/` that show its rows.
ROWS: dict[str, dict[str, Any]] = {
    "attempts": {},
    "succeeded": {"state": "succeeded"},
    "failed": {"state": "failed"},
    "verified": {"state": "succeeded", "verified": True},
    "merged": {"pull": "merged"},
    "rejected": {"pull": "closed"},
    "waiting": {"pull": "open"},
}


def summary(attempts: QuerySet[FixAttempt]) -> dict[str, Any]:
    """Of the last DAYS days; attempts can share a pull request. Time to merge in seconds (median), cost in
    dollars; None where there is none."""
    rows = matching(attempts, {"days": DAYS}).order_by()
    found = rows.aggregate(
        attempts=Count("pk"),
        succeeded=Count("pk", filter=Q(state="succeeded")),
        failed=Count("pk", filter=Q(state="failed")),
        verified=Count("pk", filter=Q(verified=True, state="succeeded")),
        merged=Count("pr_url", filter=Q(pr_state="merged"), distinct=True),
        rejected=Count("pr_url", filter=Q(pr_state="closed"), distinct=True),
        waiting=Count("pr_url", filter=Q(pr_state="open"), distinct=True),
        cost=Sum("cost_usd"),
    )
    ends = rows.filter(pr_state="merged", pr_closed_at__isnull=False, finished_at__isnull=False)
    took = [
        (closed - opened).total_seconds() for opened, closed in ends.values_list("finished_at", "pr_closed_at")
    ]
    cost = found.pop("cost") or Decimal(0)
    merged = found["merged"]
    return found | {
        "days": DAYS,
        "time_to_merge_s": median(took) if took else None,
        "cost_per_merged_usd": f"{cost / merged:f}" if merged else None,
    }


def matching(attempts: QuerySet[FixAttempt], wanted: dict[str, Any]) -> QuerySet[FixAttempt]:
    """Those that the filters of `/jules/` ask for (`serializers.Filters`, without its page)."""
    columns = {"pr_state" if name == "pull" else name: value for name, value in wanted.items() if name != "days"}
    if days := wanted.get("days"):
        columns["created_at__gte"] = timezone.now() - timedelta(days=days)
    return attempts.filter(**columns)


def shares(found: dict[str, Any], urls: dict[str, str]) -> list[dict[str, Any]]:
    """Bars of the chart: {label, count, percent, tone, url}. `urls`: of each figure's rows."""
    whole = found["attempts"] or 1
    named = (("Verified", "verified", "ok"), ("Merged", "merged", "blue"), ("Open", "waiting", ""))
    named += (("Closed by a person, or stale", "rejected", "warn"), ("No pull request", "failed", "bad"))
    return [
        {
            "label": label,
            "count": found[key],
            "percent": round(100 * found[key] / whole, 1),
            "tone": tone,
            "url": urls[key],
        }
        for label, key, tone in named
    ]
