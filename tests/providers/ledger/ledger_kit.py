"""Short ways to say things about the ledger in tests. All of them are sync: each runs its own loop."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

from providers import ledger
from providers.ledger.reconcile import reconcile
from providers.models import AIUsageLog, CapDay, UserAICap
from providers.types import Usage

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def reserve(user_id: int, tokens: int = 100, usd: str = "0.10", *, lease_s: float = 60, **more) -> str:
    return asyncio.run(
        ledger.reserve(
            user_id=user_id,
            operation="chat",
            session_id="s-1",
            tokens=tokens,
            usd=Decimal(usd),
            lease_s=lease_s,
            **more,
        )
    )


def attempt(user_id: int, tokens_in: int = 40, tokens_out: int = 10, usd: str = "0.05", **more) -> ledger.Attempt:
    fields = {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "user_id": user_id,
        "operation": "chat",
        "usage": Usage(tokens_in, tokens_out),
        "actual_cost_usd": Decimal(usd),
        "success": True,
    }
    return ledger.Attempt(**(fields | more))


def record(made: ledger.Attempt, reservation: str, **more) -> str:
    return asyncio.run(ledger.record(made, reservation, **more))


def release(reservation: str) -> None:
    asyncio.run(ledger.release(reservation))


def counters(user_id: int, day: date | None = None) -> tuple[int, Decimal, int, Decimal]:
    """Used tokens and USD, reserved tokens and USD."""
    found = CapDay.objects.get(user_id=user_id, day=day or datetime.now(UTC).date())
    return found.used_tokens, found.used_usd, found.reserved_tokens, found.reserved_usd


def set_cap(user_id: int, tokens: int = 100_000, usd: str = "10.00") -> None:
    UserAICap.objects.update_or_create(
        user_id=user_id, defaults={"daily_token_cap": tokens, "daily_cost_cap_usd": Decimal(usd)}
    )


def only_row() -> AIUsageLog:
    return AIUsageLog.objects.get()


def assert_reconciled() -> None:
    found = reconcile()
    assert found.clean, [str(problem) for problem in (*found.differences, *found.overdue)]
