"""Sends new usage rows as spans, in the order of their numbers; the watermark moves after the target took them.

At least once: two workers, or one that dies after sending, may send a row again, as the same span. A target that
is away holds its own rows back and nobody else's. What a target refuses for good is left out, row by row, logged.
"""

import asyncio
import logging
import time

from django.conf import settings

from providers.exceptions import AIServiceError, UpstreamRejected, UpstreamTimeout, UpstreamUnavailable
from providers.ledger.frontier import stable_frontier
from providers.models import AIUsageLog, TelemetryMark
from providers.network import outbound
from providers.network.transport import FAULTS
from providers.runtime import clock, loop
from providers.telemetry import spans, targets
from providers.telemetry.targets import Target

logger = logging.getLogger(__name__)
BATCH, SEND_SECONDS, TURN_SECONDS = 500, 10.0, 20.0
REFUSED = (400, 413, 415, 422)


def export_new() -> int:
    """Everything new to every target; the spans that were sent."""
    return sum(_export_to(target) for target in targets.configured())


def lags() -> list[tuple[tuple[str], float]]:
    """Per target the rows that wait."""
    frontier = stable_frontier()
    return [((one.name,), max(0, frontier - _mark(one).watermark)) for one in targets.configured()]


def _mark(target: Target) -> TelemetryMark:
    """A target that is new begins with the next row: what was before stays in the ledger."""
    found = TelemetryMark.objects.filter(pk=target.name).first()
    return (
        found or TelemetryMark.objects.get_or_create(pk=target.name, defaults={"watermark": stable_frontier()})[0]
    )


def _export_to(target: Target) -> int:
    until, sent = time.monotonic() + TURN_SECONDS, 0
    while time.monotonic() < until:
        mark = _mark(target)
        rows = list(AIUsageLog.objects.filter(number__gt=mark.watermark).order_by("number")[:BATCH])
        if not rows:
            break
        try:
            sent += _send(target, rows)
        except AIServiceError as error:
            logger.warning("spans were not taken by %s and wait: %s", target.name, error.message)
            TelemetryMark.objects.filter(pk=mark.pk).update(error=error.message[:300])
            break
        TelemetryMark.objects.filter(pk=mark.pk, watermark=mark.watermark).update(
            watermark=rows[-1].number, sent_at=clock.now(), error=""
        )
    return sent


def _send(target: Target, rows: list[AIUsageLog]) -> int:
    """In halves where the target refuses them together; how many it took."""
    body = spans.request_of(rows, settings.OTEL_SERVICE_NAME, content=target.content)
    try:
        loop.run(_post(target, body))
        return len(rows)
    except UpstreamRejected as error:
        if len(rows) == 1:
            logger.error("the span of row %s is left out: %s", rows[0].number, error.message)
            return 0
    half = len(rows) // 2
    return _send(target, rows[:half]) + _send(target, rows[half:])


async def _post(target: Target, body: bytes) -> None:
    """Errors: OutboundRefused, UpstreamRejected (for good), UpstreamTimeout, UpstreamUnavailable."""
    headers = {**target.headers, "Content-Type": "application/x-protobuf"}
    up = outbound.upstream(target.url)
    try:
        async with asyncio.timeout(SEND_SECONDS):
            answer = await up.send("POST", target.url, headers=headers, body=body)
            status = answer.status_code
            answer.close()
    except TimeoutError:
        raise UpstreamTimeout(f"{up.origin.netloc} did not answer in {SEND_SECONDS:.0f} s.") from None
    except FAULTS as fault:
        raise UpstreamUnavailable(f"{up.origin.netloc} can't be reached ({type(fault).__name__}).") from None
    if status in REFUSED:
        raise UpstreamRejected(f"{up.origin.netloc} answered {status}.")
    if not 200 <= status < 300:
        raise UpstreamUnavailable(f"{up.origin.netloc} answered {status}.")
