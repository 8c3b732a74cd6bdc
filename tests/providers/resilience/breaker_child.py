"""A process that asks eight times at once.

`python -m tests.providers.resilience.breaker_child DATABASE USER_ID NETLOC`
prints "ready"; for each line that it reads it asks, and prints each outcome's code as JSON ("ok" for an answer).
"""

import asyncio
import json
import os
import sys

from tests.providers.ledger.ledger_child import set_up


async def codes(user_id: int) -> list[str]:
    from providers import gateway
    from providers.exceptions import AIServiceError
    from providers.types import Purpose
    from tests.providers.gateway.test_gateway import prompt

    async def one() -> str:
        try:
            await gateway.ask(prompt(), "openai", Purpose(user_id, "chat"))
        except AIServiceError as error:
            return error.code
        return "ok"

    return await asyncio.gather(*(one() for _ in range(8)))


if __name__ == "__main__":
    database, user, netloc = sys.argv[1:]
    set_up(database)
    from django.conf import settings

    from providers.network import outbound
    from providers.runtime import loop

    settings.AI_ENCRYPTION_KEYS = [os.environ["TEST_MASTER_KEY"]]

    outbound.configure([netloc])
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(loop.run(codes(int(user)))), flush=True)
    os._exit(0)
