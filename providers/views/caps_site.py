"""The site's own budgets as the caps page shows them: the current UTC day and month."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django.urls import reverse

from providers.access.roles import may
from providers.format import money, percent
from providers.ledger.refusal import resets_at
from providers.ledger.site import month_after
from providers.models import AIServiceConfig
from providers.money import limits
from providers.usage.calls import usd_of
from providers.views.caps_page import share, tone


def budgets(viewer: Any, now: datetime) -> list[dict[str, Any]]:
    """Day and month, money as exact text. Two queries."""
    config = AIServiceConfig.get_instance()
    return shown(viewer, now, config, limits.standing(config, now))


def shown(
    viewer: Any, now: datetime, config: AIServiceConfig, stands: limits.SiteStanding
) -> list[dict[str, Any]]:
    """The same of a standing that was read already."""
    next_month = datetime.combine(month_after(now.astimezone(UTC).date()), time(), UTC)
    today = (stands.today_usd, stands.today_reserved_usd, stands.daily_limit_usd, resets_at(now))
    month = (stands.month_usd, stands.month_reserved_usd, stands.monthly_limit_usd, next_month)
    edit = reverse("providers:budgets") if may(viewer, "save provider keys and settings") else ""
    shared = {"pauses": config.pause_on_budget_exceeded, "edit_url": edit}
    return [_budget("day", *today) | shared, _budget("month", *month) | shared]


def values() -> dict[str, str]:
    """What the form of the budgets begins with."""
    config = AIServiceConfig.get_instance()
    return {
        "daily_cost_limit_usd": usd_of(config.daily_cost_limit_usd),
        "monthly_cost_limit_usd": usd_of(config.monthly_cost_limit_usd),
        "pause_on_budget_exceeded": "true" if config.pause_on_budget_exceeded else "false",
    }


def _budget(period: str, taken: Decimal, reserved: Decimal, limit: Decimal, resets: datetime) -> dict[str, Any]:
    used = taken - reserved
    used_share = share(used, limit)
    return {
        "period": period,
        "used_usd": usd_of(used),
        "reserved_usd": usd_of(reserved),
        "limit_usd": usd_of(limit),
        "left_usd": usd_of(max(Decimal(0), limit - taken)),
        "used_percent": str(used_share),
        "reserved_percent": str(share(reserved, limit)) if used_share < 100 else "0",
        "tone": tone(used_share),
        "sentence": _sentence(used_share, reserved),
        "resets_at": resets.isoformat(),
    }


def _sentence(used: Decimal, reserved: Decimal) -> str:
    said = "Reached" if used >= 100 else percent(str(used))
    return f"{said}, {money(usd_of(reserved), 2)} reserved" if reserved else said
