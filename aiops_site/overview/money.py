"""What was spent today against caps and budgets, read once for all parts of the overview that show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from providers.access.roles import may
from providers.models import AIServiceConfig
from providers.money import caps, limits
from providers.views import caps_page


@dataclass(frozen=True, slots=True)
class Money:
    """`own`: the reader's cap. `others`: of those whose caps the reader may change. `site`: None where the reader
    doesn't see everyone's usage."""

    own: caps.CapStanding
    others: list[tuple[Any, caps.CapStanding]]
    config: AIServiceConfig
    site: limits.SiteStanding | None


def read(user: Any, config: AIServiceConfig, now: datetime) -> Money:
    """Two to four queries."""
    people = caps_page.people(user, now) if may(user, "change caps") else []
    found = caps.standings([*people, user], now)
    others = [(one, found[one.pk]) for one in people if one.pk != user.pk]
    site = limits.standing(config, now) if may(user, "see everyone's usage") else None
    return Money(found[user.pk], others, config, site)


def share(standing: caps.CapStanding) -> float:
    """Percent of the cap that is used or reserved, by money or by tokens, whichever is nearer."""
    return max(share_of_money(standing), share_of_tokens(standing))


def share_of_money(standing: caps.CapStanding) -> float:
    return part(standing.used_usd + standing.reserved_usd, standing.cost_cap_usd)


def share_of_tokens(standing: caps.CapStanding) -> float:
    return part(standing.used_tokens + standing.reserved_tokens, standing.token_cap)


def part(used: Any, cap: Any) -> float:
    return 100.0 if not cap else min(100.0, float(used / cap * 100))
