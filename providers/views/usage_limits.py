"""The limits that usage is drawn against: a user's daily cap, the site's daily and monthly budget, by UTC day."""

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from providers.format import money
from providers.models import AIServiceConfig
from providers.usage.question import Question
from providers.usage.scope import only_user, sees_everyone
from providers.usage.zones import UTC_NAME
from providers.views import caps_page


def limit_of_day(viewer: Any, question: Question) -> tuple[str, Decimal] | None:
    """Name and dollars of what limits all rows shown, as it is now; None where a filter leaves some out."""
    if set(question.filters) - {"user"}:
        return None
    zone = "" if question.zone == UTC_NAME else ", by UTC day"
    pk = only_user(viewer, question)
    if pk is None:
        if question.filters:
            return None
        config = AIServiceConfig.get_instance()
        soft = "" if config.pause_on_budget_exceeded else ", soft"
        most = config.daily_cost_limit_usd
        return f"daily budget {money(most, 2)}{soft}{zone}", most
    user = get_user_model().objects.filter(pk=pk).first()
    if user is None:
        return None
    cap = caps_page.cost_cap(user)
    return f"daily cap {money(cap, 2)}{zone}", cap


def budget_of_month(viewer: Any, question: Question, month: dict[str, Any]) -> dict[str, Any] | None:
    """The site's monthly budget and how much of it is used, for who sees all of it."""
    if question.filters or not sees_everyone(viewer):
        return None
    config = AIServiceConfig.get_instance()
    most = config.monthly_cost_limit_usd
    used = Decimal(month["spend_usd"]) * 100 / most if most else Decimal(100)
    return {
        "usd": str(most),
        "percent": str(used),
        "tone": caps_page.tone(used),
        "soft": not config.pause_on_budget_exceeded,
    }
