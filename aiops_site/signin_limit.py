"""At most ten wrong sign-ins in five minutes, per name and per address (the `limits` library counts)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from aiops_site.errors import plain
from providers.exceptions import RateLimited

LIMIT = parse("10/5minutes")
_limiter: MovingWindowRateLimiter | None = None


def limiter() -> MovingWindowRateLimiter:
    global _limiter
    if _limiter is None:
        _limiter = MovingWindowRateLimiter(storage_from_string(settings.REDIS_URL or "memory://"))
    return _limiter


def keys(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        ("signin-name", request.POST.get("username", "")[:150].lower()),
        ("signin-address", request.META.get("REMOTE_ADDR") or ""),
    ]


def refused(request: HttpRequest) -> HttpResponse | None:
    if all(limiter().test(LIMIT, *key) for key in keys(request)):
        return None
    error = RateLimited("Too many wrong sign-ins. Wait five minutes and try again.", retry_after=300)
    response = plain(request, error)
    response["Retry-After"] = "300"
    return response


def count_failure(request: HttpRequest) -> None:
    for key in keys(request):
        limiter().hit(LIMIT, *key)
