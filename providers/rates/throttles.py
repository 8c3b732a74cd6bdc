"""Rates per user, whatever the token, surface or process: counted in Redis or, where a site has none, by the
`limits` library in a file that all processes of the machine share. Exact: a hit is one step nobody comes between.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from django.conf import settings
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError
from redis.retry import Retry
from rest_framework.throttling import BaseThrottle

from providers.exceptions import AIServiceError, RateLimited
from providers.rates import moving_window
from providers.rates.moving_window import Granted
from providers.rates.rate_file import FileStorage


class NotCounted(AIServiceError):
    """No count, no work: a limit that can't be held is not lifted."""

    http_status = 503
    code = "rate_unavailable"
    retryable = True


ANSWER_S = 3.0
logger = logging.getLogger(__name__)
_limiter: MovingWindowRateLimiter | None = None
_one_maker = threading.Lock()


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
    """The library's own, for the file and for the gateway's pace."""
    global _limiter
    with _one_maker:
        if _limiter is None:
            _limiter = MovingWindowRateLimiter(_redis(settings.REDIS_URL) if settings.REDIS_URL else _file())
        return _limiter


def _redis(url: str) -> Storage:
    return storage_from_string(url, wrap_exceptions=True, connection_pool=_pool(url))


@lru_cache(maxsize=4)
def _client(url: str) -> Redis:
    return Redis(connection_pool=_pool(url))


@lru_cache(maxsize=4)
def _pool(url: str) -> BlockingConnectionPool:
    """A full pool is waited for: the library's own raises when two hundred ask at once. Only what was cut is asked
    again: what did not answer in time may have counted."""
    waits = {"timeout": ANSWER_S, "socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S}
    again = Retry(NoBackoff(), 1, supported_errors=(ConnectionError,))
    return BlockingConnectionPool.from_url(url, max_connections=50, retry=again, **waits)


def _file() -> Storage:
    return FileStorage(f"shared-file://{settings.DATA_DIR / 'rates.sqlite3'}", wrap_exceptions=True)


# REST framework's short words for what `limits` spells out.
UNITS = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day"}


@lru_cache(maxsize=16)
def rate_of(text: str) -> RateLimitItem:
    """`30/min` as `limits` has it. Raises ValueError for what is no rate."""
    amount, _, unit = text.partition("/")
    return parse(f"{amount.strip()}/{UNITS.get(unit.strip(), unit.strip())}")


def take(scope: str, rate: str, user_id: int | str) -> Standing:
    """Counts one request of a user, or of whom a text names. Errors: RateLimited with the seconds to wait,
    NotCounted."""
    [found] = take_all(scope, rate, [user_id])
    if isinstance(found, AIServiceError):
        raise found
    return found


def granted(scope: str, rate: str, whose: int | str) -> bool:
    """Counts one request; whether it was within the rate. Errors: NotCounted."""
    try:
        take(scope, rate, whose)
    except RateLimited:
        return False
    return True


def take_all(scope: str, rate: str, user_ids: Sequence[int | str]) -> list[Standing | AIServiceError]:
    """Counts one request each, in that order, in one exchange with Redis. The errors of `take` are in the list."""
    item, wanted = rate_of(rate), Counter(user_ids)
    try:
        if settings.REDIS_URL:
            granted = moving_window.take_all(_client(settings.REDIS_URL), scope, item, wanted)
        else:
            granted = _in_file(item, scope, wanted)
    except (StorageError, RedisError):
        who = "Redis does not answer" if settings.REDIS_URL else "The file of rates can't be written"
        sentence = f"{who}, so requests can't be counted. Try again soon."
        logger.warning(sentence, exc_info=True)
        return [NotCounted(sentence, retry_after=5) for _ in user_ids]
    return [_standing(item, scope, granted[user_id]) for user_id in user_ids]


def _in_file(item: RateLimitItem, scope: str, wanted: Mapping[int | str, int]) -> dict[int | str, Granted]:
    found = {}
    for user_id, many in wanted.items():
        requests = sum(limiter().hit(item, scope, str(user_id)) for _ in range(many))
        window = limiter().get_window_stats(item, scope, str(user_id))
        found[user_id] = Granted(requests, window.remaining + requests, window.reset_time - time.time())
    return found


def _standing(item: RateLimitItem, scope: str, granted: Granted) -> Standing | AIServiceError:
    """The next request of that user."""
    wait = max(1, ceil(granted.reset_s))
    if not granted.requests:
        sentence = f"More than {item.amount} {scope} requests in a {item.GRANULARITY.name}. Try again in {wait} s."
        return RateLimited(sentence, retry_after=wait, headers=Standing(item.amount, 0, wait).headers())
    granted.requests, granted.remaining = granted.requests - 1, granted.remaining - 1
    return Standing(item.amount, max(0, granted.remaining), wait)


class _UserRate(BaseThrottle):
    scope = ""

    def rate(self) -> str:
        raise NotImplementedError

    def allow_request(self, request: Any, view: Any) -> bool:
        """Raises our own sentence instead of REST framework's; only what starts work is counted."""
        if request.method == "POST" and request.user.is_authenticated:
            standing = take(self.scope, self.rate(), request.user.pk)
            request._request.rate_standing = standing  # for the answer's headers (aiops_site/web/middleware.py)
        return True


class AIChatRateThrottle(_UserRate):
    scope = "chat"

    def rate(self) -> str:
        return settings.AI_CHAT_RATE


class AIAnalysisRateThrottle(_UserRate):
    scope = "analysis"

    def rate(self) -> str:
        return settings.AI_ANALYSIS_RATE
