"""Usage rows for tests, on days that are long past, so that no test depends on the clock."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from providers.models import AIUsageLog
from providers.usage.question import Question, read

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
FIRST, LAST = date(2024, 3, 1), date(2024, 3, 20)
MARCH = "from=2024-03-01&to=2024-03-20"
PROVIDERS = ["openai", "claude", "mistral", "deepseek", "groq", "gemini", "nvidia", "openrouter", "grok", "mock"]


def question(**given: str) -> Question:
    return read({"from": "2024-03-01", "to": "2024-03-20", **given} if "range" not in given else given, NOW)


def row(user: Any, **given: Any) -> AIUsageLog:
    """One call; `at` is its moment, `usd` its cost."""
    at = given.pop("at", NOW)
    tokens_in, tokens_out = given.pop("input_tokens", 100), given.pop("output_tokens", 20)
    fields = {
        "operation": "chat",
        "provider": "openai",
        "model": "gpt-6-luna",
        "success": True,
        "actual_cost_usd": Decimal(given.pop("usd", "0.01")),
        "price_source": "genai-prices",
        "processing_time_ms": 1000,
    }
    return AIUsageLog(
        user_id=getattr(user, "pk", user),
        created_at=at,
        cap_day=at.date(),
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        total_tokens=tokens_in + tokens_out,
        **(fields | given),
    )


def insert(*rows: AIUsageLog) -> list[AIUsageLog]:
    return AIUsageLog.objects.bulk_create(rows)


def many(people: dict, count: int, seed: int = 5) -> list[AIUsageLog]:
    """Rows of every kind over March 1 to 20, edges of days among them."""
    dice, users = random.Random(seed), list(people.values())
    edges = [timedelta(0), timedelta(days=1, microseconds=-1)]
    made = []
    for _ in range(count):
        day = datetime(2024, 3, dice.randint(1, 20), tzinfo=UTC)
        inside = dice.choice(
            [*edges, timedelta(seconds=dice.randint(0, 86399), microseconds=dice.randint(0, 999999))]
        )
        provider = dice.choice(PROVIDERS)
        tokens_in = dice.randint(0, 5000)
        made.append(
            row(
                dice.choice(users),
                at=day + inside,
                usd=Decimal(dice.randint(0, 3 * 10**12)).scaleb(-12),
                provider=provider,
                model=f"{provider}-{dice.randint(1, 3)}",
                operation=dice.choice(["chat", "senate.propose", "test"]),
                session_id=dice.choice(["", "s-1", "s-2"]),
                input_tokens=tokens_in,
                cached_input_tokens=dice.randint(0, tokens_in),
                output_tokens=dice.randint(0, 900),
                usage_source=dice.choice(["reported", "reported", "estimated", "interrupted"]),
                success=dice.random() > 0.1,
                used_fallback=dice.random() < 0.1,
                processing_time_ms=dice.randint(0, 60_000),
            )
        )
    return insert(*made)
