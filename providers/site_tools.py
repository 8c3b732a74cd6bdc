"""Tools for models and agents: what was spent, how providers do, daily caps and changing one."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.contrib.auth import get_user_model
from django.utils import timezone
from pydantic import Field

from providers.configuration import board
from providers.configuration.directory import Directory
from providers.exceptions import InvalidInput, NotFound
from providers.guard import storable
from providers.money import caps
from providers.resilience import health
from providers.tools import Preview, tool
from providers.usage import question
from providers.usage.scope import sees_everyone
from providers.usage.summary import summary
from providers.views import caps_page

Username = Annotated[str, Field(description="A user's name", min_length=1, max_length=150)]
Usd = Annotated[Decimal, Field(description="US dollars a day", ge=0, le=100_000)]
Tokens = Annotated[int, Field(description="Tokens a day", ge=0)]


@tool(scopes=("usage:read",))
def usage_summary(
    user: Any,
    range: Literal["today", "7d", "30d", "month"] = "7d",
    group: Literal["provider", "model", "user", "operation", "service", "session"] = "provider",
    service: Annotated[str, Field(description="Only what belongs to this service", max_length=80)] = "",
) -> dict[str, Any]:
    """What was spent and how calls went: totals, the same range before, the month's projection, groups."""
    asked = {"range": range, "group": group, **({"service": service} if service else {})}
    found = summary(user, question.read(asked, timezone.now()))
    kept = ("range", "group", "filters", "whose", "totals", "before", "month", "projection", "groups")
    return {name: found[name] for name in kept}


@tool(scopes=("providers:read",))
def provider_health(user: Any) -> dict[str, Any]:
    """Providers that are set up: state and why, breaker, latency, error rate, last success and failure."""
    directory, now = Directory(), timezone.now()
    entries = [entry for entry in board.listed(directory) if entry.has_key]
    states = health.of(entries, now, board.keyed_at(directory))
    return {"providers": [_state(entry.row, states[entry.row.slug]) for entry in entries]}


def _state(row: Any, state: health.Health) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "name": row.name,
        "state": state.state,
        "detail": state.detail,
        "advice": state.advice,
        "since": state.since,
        "breaker": state.breaker or "closed",
        "p95_ms": state.p95_ms,
        "error_rate": state.error_rate,
        "last_success": state.last_success,
        "last_failure": state.last_failure,
        "calls_24h": state.calls_24h,
        "spend_30d_usd": state.spend_30d_usd,
    }


@tool(scopes=("usage:read",))
def list_caps(user: Any) -> dict[str, Any]:
    """Today's caps and what is left of them: everybody's for managers and admins, else one's own."""
    return {"caps": caps_page.standings(user, timezone.now())}


def person(user: Any, username: str) -> Any:
    """Errors: NotFound, also for somebody whose cap this user may not see."""
    found = (
        get_user_model().objects.filter(username=username, is_active=True).first() if storable(username) else None
    )
    if found is None or not (sees_everyone(user) or found.pk == user.pk):
        raise NotFound("There is no user of that name whose cap you may see.", param="arguments")
    return found


def preview_cap(
    username: str,
    reason: str,
    user: Any,
    daily_cost_cap_usd: Decimal | None = None,
    daily_token_cap: int | None = None,
    until: str = "tonight",
) -> Preview:
    """Errors: InvalidInput where no cap is named, NotFound."""
    whose = person(user, username)
    if daily_cost_cap_usd is None and daily_token_cap is None:
        raise InvalidInput("Give at least one cap to change.", param="arguments")
    now = caps.standing(whose)
    changes = []
    if daily_cost_cap_usd is not None:
        changes.append(["Dollars a day", f"${now.cost_cap_usd:,.2f}", f"${daily_cost_cap_usd:,.2f}"])
    if daily_token_cap is not None:
        changes.append(["Tokens a day", f"{now.token_cap:,}", f"{daily_token_cap:,}"])
    left = f"${now.used_usd:,.2f} of ${now.cost_cap_usd:,.2f}"
    lasts = {"tonight": "until 00:00 UTC", "week": "for 7 days", "good": "for good"}[until]
    touches = [["User", username], ["Used today", left], ["Holds", lasts]]
    caps_now = {"usd": str(now.cost_cap_usd), "tokens": now.token_cap, "until": str(now.temporary_until or "")}
    state = {"user": whose.pk, "day": _day().isoformat(), **caps_now}
    return Preview(f"Change the cap of {username}", username, state, touches, changes)


def _day() -> date:
    return datetime.now(UTC).date()


@tool(permission="manager", risk="write", scopes=("caps:write",), preview=preview_cap)
def set_cap(
    username: Username,
    reason: Annotated[str, Field(description="Why; it stands in the audit log", min_length=1, max_length=200)],
    user: Any,
    daily_cost_cap_usd: Usd | None = None,
    daily_token_cap: Tokens | None = None,
    until: Annotated[Literal["tonight", "week", "good"], Field(description="How long it holds")] = "tonight",
) -> dict[str, Any]:
    """Changes a person's daily cap. A person approves it first."""
    whose = person(user, username)
    wanted = {"daily_cost_cap_usd": daily_cost_cap_usd, "daily_token_cap": daily_token_cap}
    standing = caps.change(whose, by=user, reason=reason, until=until, **wanted)
    return caps_page.plain(whose, standing, timezone.now())
