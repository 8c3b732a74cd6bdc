"""Samples: taken by API or pulled from Prometheus, kept 30 days, and what they say."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import transaction

from intelligence.fleet.scaling import Finding, Point, ScalingAnalyzer
from intelligence.models import Sample, Service
from providers.exceptions import AIServiceError, UpstreamBroken, UpstreamUnavailable
from providers.network import outbound
from providers.network.transport import FAULTS
from providers.runtime import clock

FIELDS = ("cpu_percent", "memory_bytes", "memory_limit_bytes", "restarts", "oom_kills")
LOOK_BACK, MOST_READ = timedelta(days=7), 5_000
ANSWER_S = 10.0
# One query a figure; {name} is the service's name, as the label `container` or `service` has it.
QUERIES: Mapping[str, str] = {
    "cpu_percent": '100 * sum(rate(container_cpu_usage_seconds_total{{container="{name}"}}[5m])) '
    '/ sum(kube_pod_container_resource_limits{{container="{name}",resource="cpu"}})',
    "memory_bytes": 'max(container_memory_working_set_bytes{{container="{name}"}})',
    "memory_limit_bytes": 'max(kube_pod_container_resource_limits{{container="{name}",resource="memory"}})',
    "restarts": 'sum(kube_pod_container_status_restarts_total{{container="{name}"}})',
    "oom_kills": 'sum(container_oom_events_total{{container="{name}"}})',
}


def take(service: Service, given: Sequence[Mapping[str, Any]]) -> int:
    """Keeps samples; a second one of the same moment replaces the first. How many were given."""
    now = clock.now()
    rows = [
        Sample(service=service, at=one.get("at") or now, **{name: one.get(name) for name in FIELDS})
        for one in given
    ]
    with transaction.atomic():
        Sample.objects.bulk_create(
            {row.at: row for row in rows}.values(),
            update_conflicts=True,
            unique_fields=["service", "at"],
            update_fields=FIELDS,
        )
    return len(rows)


def findings(service: Service) -> list[Finding]:
    return ScalingAnalyzer(points(service)).findings()


def points(service: Service, back: timedelta = LOOK_BACK) -> list[Point]:
    """Its newest samples, oldest first."""
    rows = Sample.objects.filter(service=service, at__gt=clock.now() - back).order_by("-at")
    return [Point(*row) for row in rows.values_list("at", *FIELDS)[:MOST_READ]][::-1]


async def pulled(name: str) -> dict[str, Any] | None:
    """What Prometheus says of one service now; None where it knows nothing of it. Errors: AIServiceError."""
    found: dict[str, Any] = {}
    for field, query in QUERIES.items():
        value = await ask(query.format(name=label(name)))
        if value is not None:
            found[field] = value if field == "cpu_percent" else int(value)
    return found or None


def label(name: str) -> str:
    """A name as it may stand in a PromQL string."""
    return name.replace("\\", "\\\\").replace('"', '\\"')


async def ask(query: str) -> float | None:
    """The first value of an instant query. Errors: UpstreamUnavailable, UpstreamBroken, OutboundRefused."""
    url = f"{settings.PROMETHEUS_URL.rstrip('/')}/api/v1/query?query={quote(query, safe='')}"
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await outbound.upstream(settings.PROMETHEUS_URL).send("GET", url)
            try:
                raw = await answer.read()
            finally:
                answer.close()
    except (TimeoutError, *FAULTS) as error:
        raise UpstreamUnavailable("Prometheus does not answer.") from error
    if not answer.is_success:
        raise UpstreamBroken(f"Prometheus answered {answer.status_code}.")
    return first_value(raw)


def first_value(raw: bytes) -> float | None:
    try:
        said = json.loads(raw)
        result = said["data"]["result"]
        value = float(result[0]["value"][1]) if result else math.nan
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise UpstreamBroken("Prometheus gave an answer that can't be read.") from error
    return value if math.isfinite(value) else None


async def pull_all(names: Mapping[Any, str]) -> tuple[dict[Any, dict[str, Any]], str]:
    """Service id -> sample, and what went wrong, in one sentence. Stops at the first error: it is the server's."""
    found: dict[Any, dict[str, Any]] = {}
    try:
        for pk, name in names.items():
            if sample := await pulled(name):
                found[pk] = sample
    except AIServiceError as error:
        return found, error.message
    return found, ""


def due(now: datetime) -> datetime:
    """The minute that a pull belongs to: two pulls of one minute are one sample."""
    return now.replace(second=0, microsecond=0)
