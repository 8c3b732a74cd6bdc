"""`/metrics` for Prometheus: for METRICS_TOKEN, an admin's API token, or an admin who is signed in."""

import hmac
from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from aiops_site.operation import heartbeat
from providers import metrics
from providers.access.identity import user_of_header
from providers.access.roles import Role, role_of
from senate.live.hub import open_sockets
from senate.models import OPEN_STATES, SenateSession

QUEUES = ("work", "deliberations")
PROCESSES = ("worker", "senate", "beat")


@require_safe
def scrape(request: HttpRequest) -> HttpResponse:
    if not _may(request):
        message = "Send METRICS_TOKEN or an admin's API token as a bearer token."
        error = {"message": message, "type": "authentication_error", "code": "not_allowed", "param": None}
        return JsonResponse({"error": error}, status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _may(request: HttpRequest) -> bool:
    header = request.headers.get("Authorization", "")
    if not header:
        return role_of(request.user) == Role.ADMIN
    given = header.partition(" ")[2].strip()
    wanted = settings.METRICS_TOKEN
    if wanted and hmac.compare_digest(given.encode(), wanted.encode()):
        return True
    return role_of(user_of_header(header)) == Role.ADMIN


def _queues() -> Iterator[tuple[tuple[str], float]]:
    """Messages that no worker has taken yet; nothing where Redis doesn't answer."""
    if not settings.REDIS_URL:
        folder = settings.QUEUE_DIR / "messages"
        names = [path.name for path in folder.glob("*.msg")] if folder.is_dir() else []
        yield from (((queue,), sum(name.endswith(f".{queue}.msg") for name in names)) for queue in QUEUES)
        return
    try:
        asked = heartbeat.client(settings.REDIS_URL).pipeline(transaction=False)
        for queue in QUEUES:
            asked.llen(queue)
        yield from [((queue,), depth) for queue, depth in zip(QUEUES, asked.execute(), strict=True)]
    except redis.RedisError:
        return


def _ages() -> Iterator[tuple[tuple[str], float]]:
    try:
        ages = heartbeat.ages(PROCESSES)
    except (redis.RedisError, OSError):
        return
    yield from (((name,), age) for name, age in ages.items() if age is not None)


def _sessions() -> list[Any]:
    return [((state,), SenateSession.objects.filter(state=state).count()) for state in OPEN_STATES]


metrics.register("aiops_queue_depth", "Messages that wait for a worker.", ("queue",), _queues)
metrics.register("aiops_heartbeat_age_seconds", "Since a process last said that it lives.", ("process",), _ages)
metrics.register("aiops_sessions", "Deliberations that are not over.", ("state",), _sessions)
metrics.register(
    "aiops_open_sockets", "Live sockets of the web process that answers.", (), lambda: [((), open_sockets())]
)
