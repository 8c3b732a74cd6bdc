"""The site's limits as a caller meets them: the bound of one upstream call, and what is left for a quote.

The ledger alone admits what counts against a day or a month; here is what needs no counter.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Q, Sum

from providers.exceptions import BudgetExceeded
from providers.ledger.site import month_after
from providers.models import AIServiceConfig, SiteDay

ZERO = Decimal(0)


def check_one_call(config: AIServiceConfig, worst: Decimal) -> str:
    """The limit of each upstream call. A warning where the site goes on over it. Errors: BudgetExceeded."""
    sentence = over_one_call(config, worst)
    if sentence and config.pause_on_budget_exceeded:
        raise BudgetExceeded(sentence, code="per_request_cost_limit")
    return sentence


def over_one_call(config: AIServiceConfig, worst: Decimal) -> str:
    """Why a call of up to `worst` dollars is over the limit of one call; empty where it is within."""
    limit = config.per_request_cost_limit_usd
    if worst <= limit:
        return ""
    return (
        f"Cost limit of one call exceeded. This call can cost up to ${worst:,.4f} and the site's limit is "
        f"${limit:,.2f} a call; ask for a shorter answer, choose a cheaper model, or ask an admin."
    )


@dataclass(frozen=True, slots=True)
class SiteStanding:
    """The whole site now, in USD: used and reserved together, and what of it is reserved."""

    today_usd: Decimal
    month_usd: Decimal
    today_reserved_usd: Decimal
    month_reserved_usd: Decimal
    daily_limit_usd: Decimal
    monthly_limit_usd: Decimal

    @property
    def left_usd(self) -> Decimal:
        """What is left under the nearer of the two limits, never below zero."""
        return max(ZERO, min(self.daily_limit_usd - self.today_usd, self.monthly_limit_usd - self.month_usd))


def standing(config: AIServiceConfig, now: datetime | None = None) -> SiteStanding:
    """One query."""
    day = (now or datetime.now(UTC)).astimezone(UTC).date()
    first = day.replace(day=1)
    sums = SiteDay.objects.filter(day__gte=first, day__lt=month_after(first)).aggregate(
        used=Sum("used_usd"),
        held=Sum("reserved_usd"),
        used_today=Sum("used_usd", filter=Q(day=day)),
        held_today=Sum("reserved_usd", filter=Q(day=day)),
    )
    taken = {name: value or ZERO for name, value in sums.items()}
    return SiteStanding(
        today_usd=taken["used_today"] + taken["held_today"],
        month_usd=taken["used"] + taken["held"],
        today_reserved_usd=taken["held_today"],
        month_reserved_usd=taken["held"],
        daily_limit_usd=config.daily_cost_limit_usd,
        monthly_limit_usd=config.monthly_cost_limit_usd,
    )
