"""What has passed 80, 95 or 100 % of a cap or a budget: each threshold is told once a day (month) and subject."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from providers.format import exact_count, money
from providers.ledger.site import month_after
from providers.models import (
    AIServiceConfig,
    CapDay,
    Notification,
    NotificationChannel,
    NotificationDelivery,
)
from providers.money import caps, limits

THRESHOLDS = (80, 95, 100)
AT_ONCE = 500
LATE = timedelta(minutes=10)  # so long after midnight the day that ended is looked at too
ENDS = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Use:
    """How much of one limit is used: `amount` and `limit` in words, `key` is the subject and its day or month."""

    key: str
    type: str
    subject: str
    percent: Decimal
    amount: str
    limit: str
    measure: str
    resets: datetime
    day: date
    user_id: int | None = None
    stops: bool = True


def look(now: datetime) -> int:
    """Writes down what was passed since the last look; how many notifications are new. Two at once do no harm."""
    moments = [now]
    if now.astimezone(UTC).time() < (datetime.min + LATE).time():
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        moments.append(datetime.combine(yesterday, ENDS, UTC))
    uses = (use for moment in moments for use in (*_of_users(moment), *_of_site(moment)))
    return sum(_tell(use, threshold, now) for use in uses for threshold in THRESHOLDS if use.percent >= threshold)


def _of_users(now: datetime) -> Iterator[Use]:
    day = now.astimezone(UTC).date()
    ids = list(CapDay.objects.filter(day=day).values_list("user_id", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        users = {
            one.pk: one for one in get_user_model()._default_manager.filter(pk__in=ids[start : start + AT_ONCE])
        }
        for user_id, stands in caps.standings(users.values(), now).items():
            yield _of_user(users[user_id], stands, day)


def _of_user(user: Any, stands: caps.CapStanding, day: date) -> Use:
    """The fuller of the two caps."""
    usd, tokens = _percent(stands.used_usd, stands.cost_cap_usd), _percent(stands.used_tokens, stands.token_cap)
    if tokens > usd:
        measure, amount, limit = (
            "tokens",
            exact_count(stands.used_tokens),
            f"{exact_count(stands.token_cap)} tokens",
        )
    else:
        measure, amount, limit = "cost", money(stands.used_usd, 2), money(stands.cost_cap_usd, 2)
    name = user.get_full_name() or user.get_username()
    return Use(
        key=f"user:{user.pk}:{day}",
        type="cap.threshold",
        subject=name,
        percent=max(usd, tokens),
        amount=amount,
        limit=limit,
        measure=measure,
        resets=stands.resets_at,
        day=day,
        user_id=user.pk,
    )


def _of_site(now: datetime) -> Iterable[Use]:
    config = AIServiceConfig.get_instance()
    stands, day = limits.standing(config, now), now.astimezone(UTC).date()
    next_month = datetime.combine(month_after(day), time(), UTC)
    tomorrow = datetime.combine(day + timedelta(days=1), time(), UTC)
    today = stands.today_usd - stands.today_reserved_usd
    month = stands.month_usd - stands.month_reserved_usd
    return [
        _of_budget("day", str(day), today, stands.daily_limit_usd, tomorrow, day, config),
        _of_budget("month", f"{day:%Y-%m}", month, stands.monthly_limit_usd, next_month, day, config),
    ]


def _of_budget(
    period: str, name: str, used: Decimal, limit: Decimal, resets: datetime, day: date, config: AIServiceConfig
) -> Use:
    return Use(
        key=f"site {period}:{name}",
        type="budget.threshold",
        subject=f"The site's {'daily' if period == 'day' else 'monthly'} budget",
        percent=_percent(used, limit),
        amount=money(used, 2),
        limit=money(limit, 2),
        measure="cost",
        resets=resets,
        day=day,
        stops=config.pause_on_budget_exceeded,
    )


def _percent(used: Decimal | int, limit: Decimal | int) -> Decimal:
    """What is not used at all has passed nothing, also under a limit of zero."""
    if not used:
        return Decimal(0)
    return Decimal(used) * 100 / Decimal(limit) if limit else Decimal(100)


def _tell(use: Use, threshold: int, now: datetime) -> bool:
    """False where it was told before."""
    event = f"{use.key}:{threshold}"
    if Notification.objects.filter(event=event).exists():
        return False
    try:
        with transaction.atomic():
            made = Notification.objects.create(event=event, created_at=now, **_words(use, threshold))
            channels = NotificationChannel.objects.filter(active=True)
            NotificationDelivery.objects.bulk_create(
                [NotificationDelivery(notification=made, channel=one, next_at=now) for one in channels]
            )
    except IntegrityError:  # another worker was quicker
        return False
    return True


def _words(use: Use, threshold: int) -> dict[str, Any]:
    whose = use.subject if use.user_id is None else f"{use.subject}'s daily cap"
    title = f"{whose} is used up" if threshold == 100 else f"{whose} is {threshold} % used"
    text = f"{use.amount} of {use.limit} used"
    if threshold == 100:
        text += "; calls stop" if use.stops else "; it only warns, calls go on"
    text += f". Resets {use.resets:%b %-d, %H:%M} UTC."
    data = {
        "subject": use.subject,
        "threshold_percent": threshold,
        "measure": use.measure,
        "used": use.amount,
        "limit": use.limit,
        "resets_at": use.resets.isoformat(),
        "day": str(use.day),
    }
    return {"type": use.type, "title": title, "text": text, "data": data, "user_id": use.user_id, "day": use.day}
