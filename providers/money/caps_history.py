"""Who changed which cap or budget, when and why: the audit log's entries about them, in words."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from providers.format import exact_count, money
from providers.models import AuditEntry
from providers.trail import audit

ACTIONS = ("cap.raise", "cap.lower", "cap.change", "cap.reset")
VERBS = {"cap.raise": "raised", "cap.lower": "lowered", "cap.change": "changed", "cap.reset": "reset"}
BUDGETS = {"daily_cost_limit_usd": "a day", "monthly_cost_limit_usd": "a month"}
PAUSE = "pause_on_budget_exceeded"
NEWEST, LOOKED_AT = 20, 200


def newest(about: Iterable[int] | None = None, most: int = NEWEST) -> list[dict[str, Any]]:
    """Newest first: of these users, or (None) of everybody and of the site. Three queries at most."""
    rows = AuditEntry.objects.filter(action__in=ACTIONS, object_type="user", outcome="done").order_by("-number")
    if about is not None:
        rows = rows.filter(object_id__in=[str(pk) for pk in about])
    found = list(rows[:most])
    if about is None:
        policy = AuditEntry.objects.filter(action="policy.change").order_by("-number")[:LOOKED_AT]
        found += [row for row in policy if {*BUDGETS, PAUSE} & row.became.keys()]
        found = sorted(found, key=lambda row: -row.number)[:most]
    ids = {row.actor_id for row in found if row.actor_id}
    names = audit.names_of(ids | {int(row.object_id) for row in found if row.object_id.isdigit()})
    return [_told(row, names) for row in found]


def _told(row: AuditEntry, names: Mapping[int, str]) -> dict[str, Any]:
    actor = names.get(row.actor_id, f"Former user {row.actor_id}") if row.actor_id else row.surface
    after = row.became
    if row.action == "policy.change":
        whose, verb, to = "the site's budget", "set", _budgets(after)
    else:
        key = int(row.object_id) if row.object_id.isdigit() else 0
        whose, verb, to = names.get(key, f"Former user {row.object_id}"), VERBS[row.action], _caps(after)
    return {
        "number": row.number,
        "at": row.at.isoformat(),
        "by": actor,
        "surface": row.surface,
        "about": whose,
        "verb": verb,
        "to": to,
        "reason": row.reason,
    }


def _caps(after: Mapping[str, Any]) -> str:
    """`$15.00 and 200,000 tokens until Nov 21, 00:00 UTC`."""
    temporary = any(after.get(f"temporary_{name}") is not None for name in ("token_cap", "cost_cap_usd"))
    usual = [after.get("daily_cost_cap_usd"), after.get("daily_token_cap")]
    usd, tokens = [after.get("temporary_cost_cap_usd"), after.get("temporary_token_cap")] if temporary else usual
    parts = [money(Decimal(usd), 2)] if usd else []
    parts += [f"{exact_count(int(tokens))} tokens"] if tokens else []
    words = " and ".join(parts) or "the usual cap"
    if temporary and after.get("temporary_until"):
        words += f" until {datetime.fromisoformat(after['temporary_until']):%b %-d, %H:%M} UTC"
    return words


def _budgets(after: Mapping[str, Any]) -> str:
    """`$40.00 a day and $900.00 a month, where calls stop`."""
    said = " and ".join(
        f"{money(Decimal(str(after[name])), 2)} {words}" for name, words in BUDGETS.items() if name in after
    )
    if PAUSE not in after:
        return said
    pauses = "where calls stop" if after[PAUSE] else "which only warns"
    return f"{said}, {pauses}" if said else f"one {pauses}"
