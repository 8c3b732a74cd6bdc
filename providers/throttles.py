"""Rates per user, whatever the token, surface or process. The `limits` library counts, in Redis or, where a site
has none, in a file that all processes of the machine share. Exact: a hit is one step nobody can come between.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from django.conf import settings
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.throttling import BaseThrottle

from providers.exceptions import AIServiceError, RateLimited
from providers.rate_file import FileStorage


class NotCounted(AIServiceError):
    """No count, no work: a limit that can't be held is not lifted."""

    http_status = 503
    code = "rate_unavailable"
    retryable = True


ANSWER_S = 3.0
_limiter: MovingWindowRateLimiter | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """For the rate-limit headers: requests a window, what is left of them, seconds until one is free."""

    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-reset-requests": f"{self.reset_s}s",
        }


def limiter() -> MovingWindowRateLimiter:
    global _limiter
    if _limiter is None:
        _limiter = MovingWindowRateLimiter(_redis(settings.REDIS_URL) if settings.REDIS_URL else _file())
    return _limiter


def _redis(url: str) -> Storage:
    """A full pool is waited for: the library's own raises when two hundred ask at once."""
    from redis import BlockingConnectionPool
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    waits = {"timeout": ANSWER_S, "socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S}
    pool = BlockingConnectionPool.from_url(url, max_connections=50, retry=Retry(NoBackoff(), 1), **waits)
    return storage_from_string(url, wrap_exceptions=True, connection_pool=pool)


def _file() -> Storage:
    return FileStorage(f"shared-file://{settings.DATA_DIR / 'rates.sqlite3'}", wrap_exceptions=True)


# REST framework's short words for what `limits` spells out.
UNITS = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day"}


@lru_cache(maxsize=16)
def rate_of(text: str) -> RateLimitItem:
    """`30/min` as `limits` has it. Raises ValueError for what is no rate."""
    amount, _, unit = text.partition("/")
    return parse(f"{amount.strip()}/{UNITS.get(unit.strip(), unit.strip())}")


def take(scope: str, rate: str, user_id: int) -> Standing:
    """Counts one request. Errors: RateLimited with the seconds to wait, NotCounted."""
    item = rate_of(rate)
    try:
        allowed = limiter().hit(item, scope, str(user_id))
        window = limiter().get_window_stats(item, scope, str(user_id))
    except StorageError as error:
        who = "Redis does not answer" if settings.REDIS_URL else "The file of rates can't be written"
        raise NotCounted(f"{who}, so requests can't be counted. Try again soon.", retry_after=5) from error
    wait = max(1, ceil(window.reset_time - time.time()))
    if not allowed:
        sentence = f"More than {item.amount} {scope} requests in a {item.GRANULARITY.name}. Try again in {wait} s."
        raise RateLimited(sentence, retry_after=wait, headers=Standing(item.amount, 0, wait).headers())
    return Standing(item.amount, max(0, window.remaining), wait)


class _UserRate(BaseThrottle):
    scope = ""

    def rate(self) -> str:
        raise NotImplementedError

    def allow_request(self, request: Any, view: Any) -> bool:
        """Raises our own sentence instead of REST framework's; only what starts work is counted."""
        if request.method == "POST" and request.user.is_authenticated:
            standing = take(self.scope, self.rate(), request.user.pk)
            request._request.rate_standing = standing  # for the headers of the answer (aiops_site/middleware.py)
        return True


class AIChatRateThrottle(_UserRate):
    scope = "chat"

    def rate(self) -> str:
        return settings.AI_CHAT_RATE


class AIAnalysisRateThrottle(_UserRate):
    scope = "analysis"

    def rate(self) -> str:
        return settings.AI_ANALYSIS_RATE
