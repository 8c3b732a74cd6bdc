"""The gateway's own pace: at most so many calls a minute to a provider, where an admin gave that as a hint.

Calls wait for their turn within their time. Redis shares the count, without it each process has its own.
"""

import time

from limits import parse

from providers.exceptions import RateLimited
from providers.rates.throttles import limiter
from providers.runtime import clock
from providers.runtime.hop import hop


async def wait_for_turn(provider: str, per_minute: int, within_s: float) -> None:
    """Errors: RateLimited where no turn comes in time."""
    left = within_s
    while (wait := await hop(_take, provider, per_minute)) > 0:
        if wait > left:
            sentence = f"Calls to {provider} are paced to {per_minute} a minute, and no turn came in time."
            raise RateLimited(sentence, retry_after=wait)
        left -= wait
        await clock.sleep(wait)


def _take(provider: str, per_minute: int) -> float:
    """0 where the call may go now, else the seconds to wait."""
    item = parse(f"{per_minute}/minute")
    if limiter().hit(item, "pace", provider):
        return 0.0
    return max(0.05, limiter().get_window_stats(item, "pace", provider).reset_time - time.time())
