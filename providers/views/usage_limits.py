"""The limits that usage is drawn against: a user's daily cap, the site's daily and monthly budget, by UTC day."""

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from providers.charts import Limit
from providers.models import AIServiceConfig
from providers.money import past_limits
from providers.usage.question import DAY, Question
from providers.usage.scope import only_user, sees_everyone
from providers.usage.zones import UTC_NAME
from providers.views import caps_page


def policy_of(viewer: Any, question: Question) -> AIServiceConfig | None:
    """The site's policy where its budgets limit all rows shown: for who sees everybody's, without a filter."""
    return AIServiceConfig.get_instance() if sees_everyone(viewer) and not question.filters else None


def limit_of_days(viewer: Any, question: Question, config: AIServiceConfig | None) -> Limit | None:
    """What limits all rows shown, as it stood on each day; None where a filter leaves some out."""
    if set(question.filters) - {"user"}:
        return None
    zone = "" if question.zone == UTC_NAME else ", by UTC day"
    days = [question.first + n * DAY for n in range(question.days)]
    if config is not None:
        soft = "" if config.pause_on_budget_exceeded else ", soft"
        budgets = past_limits.daily_budgets(config, days)
        return Limit("daily budget", tuple(budgets), f"{soft}{zone}")
    pk = only_user(viewer, question)
    user = get_user_model().objects.filter(pk=pk).first() if pk else None
    if user is None:
        return None
    caps = past_limits.daily_caps(user, days)
    return Limit("daily cap", tuple(caps), zone)


def budget_of_month(config: AIServiceConfig | None, month: dict[str, Any]) -> dict[str, Any] | None:
    """The site's monthly budget and how much of it is used, for who sees all of it (`policy_of`)."""
    if config is None:
        return None
    most = config.monthly_cost_limit_usd
    used = Decimal(month["spend_usd"]) * 100 / most if most else Decimal(100)
    return {
        "usd": str(most),
        "percent": str(used),
        "tone": caps_page.tone(used),
        "soft": not config.pause_on_budget_exceeded,
    }
