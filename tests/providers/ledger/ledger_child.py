"""A process of its own that spends: `python -m tests.providers.ledger.ledger_child MODE DATABASE USER_ID`.

spend   rounds of 50 calls at once until a whole round is refused; prints {"admitted", "refused"}
users   the same for each user whose number is a line of the input
hang    reserves one call, prints the reservation, waits to be killed
storm   calls without end, to be killed in the middle
"""

import asyncio
import json
import os
import sys
from decimal import Decimal

WORST, TRUE = Decimal("0.03"), Decimal("0.0101")
CALLS_AT_ONCE = 50


def set_up(database: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    django.setup()


async def call(user_id: int) -> bool:
    """True: admitted and booked."""
    from providers import ledger
    from providers.exceptions import BudgetExceeded
    from tests.providers.ledger.ledger_kit import attempt

    mark = {"provider": "openai", "model": "gpt-4o-mini"}
    try:
        held = await ledger.reserve(
            user_id=user_id, operation="chat", session_id="", tokens=90, usd=WORST, lease_s=60, attempt=mark
        )
    except BudgetExceeded:
        return False
    await ledger.record(attempt(user_id, 20, 10, str(TRUE)), held)
    await ledger.release(held)
    return True


async def spend(user_id: int) -> None:
    admitted = refused = 0
    while True:
        outcomes = await asyncio.gather(*(call(user_id) for _ in range(CALLS_AT_ONCE)))
        admitted, refused = admitted + sum(outcomes), refused + outcomes.count(False)
        if not any(outcomes):
            break
    print(json.dumps({"admitted": admitted, "refused": refused}), flush=True)


async def users(_: int) -> None:
    while line := sys.stdin.readline():
        await spend(int(line))


async def hang(user_id: int) -> None:
    from providers import ledger

    mark = {"provider": "openai", "model": "gpt-4o-mini"}
    held = await ledger.reserve(
        user_id=user_id,
        operation="chat",
        session_id="",
        tokens=90,
        usd=WORST,
        lease_s=60,
        attempt=mark,
    )
    print(held, flush=True)
    sys.stdin.read()


async def storm(user_id: int) -> None:
    while True:
        await asyncio.gather(*(call(user_id) for _ in range(20)))
        print("round", flush=True)


if __name__ == "__main__":
    mode, database, user = sys.argv[1:]
    set_up(database)
    asyncio.run({"spend": spend, "users": users, "hang": hang, "storm": storm}[mode](int(user)))
