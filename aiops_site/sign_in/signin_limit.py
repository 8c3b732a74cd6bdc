"""At most ten wrong sign-ins in five minutes, per name and per address (the `limits` library counts)."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from limits import parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from aiops_site.web.errors import plain
from providers.exceptions import RateLimited

LIMIT = parse("10/5minutes")
MEMORY = "memory://"
ANSWER_S = 1.0  # a person waits for it
REST_S = 5.0  # seconds for which a Redis that did not answer is not asked again
_away_until = 0.0
_side_by_side = ThreadPoolExecutor(8, thread_name_prefix="signin")


@cache
def limiter(storage: str) -> MovingWindowRateLimiter:
    if storage == MEMORY:
        return MovingWindowRateLimiter(storage_from_string(storage))
    waits = {"socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S, "retry": Retry(NoBackoff(), 0)}
    return MovingWindowRateLimiter(storage_from_string(storage, wrap_exceptions=True, **waits))


def asked(question: str, key: tuple[str, str]) -> Any:
    """`test`, `hit` or `get_window_stats` of the limiter. While Redis does not answer each process counts by
    itself, so people can still sign in."""
    global _away_until
    if settings.REDIS_URL and time.monotonic() >= _away_until:
        try:
            return getattr(limiter(settings.REDIS_URL), question)(LIMIT, *key)
        except StorageError:
            _away_until = time.monotonic() + REST_S
    return getattr(limiter(MEMORY), question)(LIMIT, *key)


def keys(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        ("signin-name", request.POST.get("username", "")[:150].lower()),
        ("signin-address", request.META.get("REMOTE_ADDR") or ""),
    ]


def each(question: str, request: HttpRequest) -> list[Any]:
    """Of the name and of the address at once: where Redis is slow, nobody waits for one after the other."""
    if not settings.REDIS_URL:
        return [asked(question, key) for key in keys(request)]
    return list(_side_by_side.map(partial(asked, question), keys(request)))


def refused(request: HttpRequest) -> HttpResponse | None:
    if all(each("test", request)):
        return None
    return plain(request, RateLimited("Too many wrong sign-ins.", retry_after=wait_s(request)))


def wait_s(request: HttpRequest) -> float:
    """Seconds until both the name and the address have a try again."""
    ends = [one.reset_time for one in each("get_window_stats", request) if not one.remaining]
    return max(1.0, max(ends, default=0.0) - time.time())


def count_failure(request: HttpRequest) -> None:
    each("hit", request)
