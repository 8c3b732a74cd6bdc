"""Calls around the midnights of many zones, and rolling their sums so far."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from providers.models import AIUsageLog
from providers.usage.question import Question, read
from providers.usage.rollup.roller import Roller, current
from tests.providers.usage.usage_kit import PROVIDERS, insert, row

ZONES = [
    "UTC",
    "Europe/Stockholm",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
]
SPANS = [(date(2024, 3, 5), date(2024, 4, 28)), (date(2024, 8, 30), date(2024, 11, 6))]


def asked(zone: str, first: date, last: date, **given: str) -> Question:
    now = datetime(2024, 12, 1, 12, tzinfo=UTC)
    return read({"from": str(first), "to": str(last), "zone": zone, **given}, now)


def scattered(people: dict, seed: int = 3, each: int = 4) -> list[AIUsageLog]:
    """Calls around every midnight of every zone in both spans, edges to the microsecond among them."""
    dice, users, made = random.Random(seed), list(people.values()), []
    for first, last in SPANS:
        for n in range((last - first).days + 2):
            zone = ZoneInfo(dice.choice(ZONES))
            midnight = datetime.combine(first + timedelta(days=n), datetime.min.time(), zone).astimezone(UTC)
            for _ in range(each):
                off = dice.choice(
                    [timedelta(0), -timedelta(microseconds=1), timedelta(hours=dice.uniform(-26, 26))]
                )
                made.append(
                    row(
                        dice.choice(users),
                        at=midnight + off,
                        usd=Decimal(dice.randint(0, 3 * 10**12)).scaleb(-12),
                        provider=dice.choice(PROVIDERS),
                        operation=dice.choice(["chat", "senate.propose"]),
                        session_id=dice.choice(["", "s-1", "s-2"]),
                        success=dice.random() > 0.2,
                        usage_source=dice.choice(["reported", "estimated"]),
                        used_fallback=dice.random() < 0.2,
                        error_code=dice.choice(["", "upstream_rate_limited"]),
                        processing_time_ms=dice.randint(0, 90_000),
                        metadata=dice.choice([{}, {"service": "checkout-api"}]),
                        reasoning_tokens=dice.randint(0, 20),
                    )
                )
    dice.shuffle(made)
    return insert(*made)


def roll_to(frontier: int, batch: int) -> None:
    worker = Roller(current().pk, batch)
    while worker.step(frontier) is not None:
        pass
