"""Daily caps of users: how they stand, and changing them. For pages; the ledger alone decides what is admitted."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Max, Sum

from providers.exceptions import InvalidInput
from providers.ledger.refusal import resets_at
from providers.models import AIServiceConfig, Refusal
from providers.models.ledger import DEFAULT_COST_CAP_USD, TEMPORARY, CapDay, UserAICap
from providers.runtime import clock
from providers.trail import audit

logger = logging.getLogger(__name__)
MOST_TOKENS = 1_000_000_000_000
MOST_USD = Decimal(100_000)
LONGEST_REASON = 200
LONGEST_DAYS = 366  # of a temporary cap


@dataclass(frozen=True, slots=True)
class CapStanding:
    """Of one user on the current UTC day. Money in USD. `left` is never below 0, also under a lowered cap.

    The caps are those in force; while a temporary one is, `temporary_until` says when the usual ones hold again.
    """

    token_cap: int
    cost_cap_usd: Decimal
    used_tokens: int
    used_usd: Decimal
    reserved_tokens: int
    reserved_usd: Decimal
    left_tokens: int
    left_usd: Decimal
    resets_at: datetime
    usual_token_cap: int
    usual_cost_cap_usd: Decimal
    temporary_until: datetime | None


def standing(user: AbstractBaseUser, now: datetime | None = None) -> CapStanding:
    """Two queries."""
    return standings([user], now)[user.pk]


def standings(users: Iterable[AbstractBaseUser], now: datetime | None = None) -> dict[int, CapStanding]:
    """User id -> standing, for any number of users in two queries."""
    now = now or datetime.now(UTC)
    ids = [user.pk for user in users]
    caps = {cap.user_id: cap for cap in UserAICap.objects.filter(user_id__in=ids)}
    days = {day.user_id: day for day in CapDay.objects.filter(user_id__in=ids, day=now.astimezone(UTC).date())}
    return {user_id: _standing(caps.get(user_id), days.get(user_id), now) for user_id in ids}


def _standing(cap: UserAICap | None, day: CapDay | None, now: datetime) -> CapStanding:
    cap = cap or UserAICap(daily_cost_cap_usd=Decimal(DEFAULT_COST_CAP_USD))
    day = day or CapDay(used_usd=Decimal(0), reserved_usd=Decimal(0))
    token_cap, cost_cap_usd = cap.in_force(now)
    return CapStanding(
        token_cap=token_cap,
        cost_cap_usd=cost_cap_usd,
        used_tokens=day.used_tokens,
        used_usd=day.used_usd,
        reserved_tokens=day.reserved_tokens,
        reserved_usd=day.reserved_usd,
        left_tokens=max(0, token_cap - day.used_tokens - day.reserved_tokens),
        left_usd=max(Decimal(0), cost_cap_usd - day.used_usd - day.reserved_usd),
        resets_at=resets_at(now),
        usual_token_cap=cap.daily_token_cap,
        usual_cost_cap_usd=cap.daily_cost_cap_usd,
        temporary_until=cap.temporary_until if cap.is_temporary(now) else None,
    )


def version() -> str:
    """Another text whenever a bar of the caps page would have another length."""
    day = clock.now().date()
    spent = CapDay.objects.filter(day=day).aggregate(
        Sum("used_tokens"), Sum("used_usd"), Sum("reserved_tokens"), Sum("reserved_usd")
    )
    changed = UserAICap.objects.aggregate(last=Max("updated_at"), rows=Count("pk"))
    policy = AIServiceConfig.objects.aggregate(last=Max("updated_at"))
    refused = Refusal.objects.filter(day=day).aggregate(Sum("times"))
    parts = repr([day, *refused.values(), *spent.values(), *changed.values(), *policy.values()])
    return hashlib.blake2s(parts.encode(), digest_size=6).hexdigest()


def change(
    user: AbstractBaseUser,
    *,
    daily_token_cap: Any = None,
    daily_cost_cap_usd: Any = None,
    until: Any = None,
    by: AbstractBaseUser,
    reason: str,
) -> CapStanding:
    """Sets one cap or both (None leaves it); holds from the next call on. Values may come as text.

    `until`: empty or `good` for good, `tonight` (the next 00:00 UTC), `week` (seven midnights on), or a moment
    with its zone: then the caps hold up to it and the usual ones after it. For good ends a temporary cap.
    Errors: InvalidInput with sentences by field."""
    now, problems = clock.now(), {}
    given: Mapping[str, Any] = {"daily_token_cap": daily_token_cap, "daily_cost_cap_usd": daily_cost_cap_usd}
    wanted = {
        name: _read(_READERS[name], name, value, problems) for name, value in given.items() if value is not None
    }
    ends = _read(lambda text: _moment(text, now), "until", until, problems)
    reason = reason.strip() if isinstance(reason, str) else ""
    if not 0 < len(reason) <= LONGEST_REASON:
        problems["reason"] = [f"Say why the cap changes, in up to {LONGEST_REASON} characters."]
    if not wanted and not problems:
        problems["daily_token_cap"] = ["Give at least one cap to change."]
    if problems:
        first = next(iter(problems))
        raise InvalidInput(problems[first][0], param=first, errors=problems)
    return _save(user, wanted, ends, by, reason)


def _read(reader: Callable[[Any], Any], name: str, value: Any, problems: dict[str, list[str]]) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        problems[name] = [str(error)]
        return None


def _save(
    user: AbstractBaseUser, wanted: dict[str, Any], ends: datetime | None, by: AbstractBaseUser, reason: str
) -> CapStanding:
    with transaction.atomic(), audit.because(reason, by=by):
        cap, _ = UserAICap.objects.select_for_update().get_or_create(user_id=user.pk)
        cap.refresh_from_db()
        if not cap.is_temporary(clock.now()):  # one that is over doesn't come back with a new end
            cap.temporary_token_cap = cap.temporary_cost_cap_usd = None
        before = {name: str(getattr(cap, name)) for name in wanted}
        for name, value in wanted.items():
            setattr(cap, TEMPORARY[name], value if ends else None)
            if not ends:
                setattr(cap, name, value)
        cap.temporary_until = ends or cap.temporary_until
        if all(getattr(cap, name) is None for name in TEMPORARY.values()):
            cap.temporary_until = None
        cap.save()
    after = {name: str(value) for name, value in wanted.items()} | ({"until": str(ends)} if ends else {})
    logger.info(
        "cap of user %s changed by user %s from %s to %s, reason %r", user.pk, by.pk, before, after, reason
    )
    return standing(user)


def _moment(value: Any, now: datetime) -> datetime | None:
    """None: for good."""
    if value in (None, "", "good"):
        return None
    midnight = resets_at(now)
    if value in ("tonight", "week"):
        return midnight if value == "tonight" else midnight + timedelta(days=6)
    problem = f"Give a moment in the next {LONGEST_DAYS} days with its zone, such as {midnight.isoformat()}."
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(problem) from None
    if moment.tzinfo is None or not now < moment <= now + timedelta(days=LONGEST_DAYS):
        raise ValueError(problem)
    return moment.astimezone(UTC)


def _tokens(value: Any) -> int:
    problem = f"Give a whole number of tokens from 0 to {MOST_TOKENS:,}."
    try:
        tokens = value if isinstance(value, int) else int(str(value).strip().replace(",", ""))
    except ValueError:
        raise ValueError(problem) from None
    if isinstance(value, bool | float) or not 0 <= tokens <= MOST_TOKENS:
        raise ValueError(problem)
    return tokens


def _dollars(value: Any) -> Decimal:
    problem = f"Give an amount in US dollars from 0 to {MOST_USD:,}, with at most 6 decimals."
    try:
        usd = Decimal(str(value).strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise ValueError(problem) from None
    if isinstance(value, bool) or not usd.is_finite() or not 0 <= usd <= MOST_USD:
        raise ValueError(problem)
    if usd != usd.quantize(Decimal("0.000001")):
        raise ValueError(problem)
    return usd


_READERS = {"daily_token_cap": _tokens, "daily_cost_cap_usd": _dollars}
