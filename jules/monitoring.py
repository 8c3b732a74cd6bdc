"""What was measured of a service before it failed: its newest sample, what samples say, alerts that fire."""

from collections.abc import Callable

from intelligence.fleet import samples
from intelligence.fleet.scaling import Point, mb
from intelligence.models import Alert, Service

MOST_ALERTS, MOST_LINE = 5, 400


def monitoring(service: Service, redact: Callable[[str], str]) -> list[str]:
    """Sentences with their numbers; none where nothing was measured in the last days. Sync."""
    points = samples.points(service)
    lines = [newest(points[-1])] if points else []
    lines += [f"{f.code} ({f.severity}): {f.sentence} {f.advice}" for f in samples.findings(service)]
    alerts = Alert.objects.filter(service=service, ended_at=None)[:MOST_ALERTS]
    lines += [f"Alert {one.name} ({one.severity or 'no severity'}) fires: {one.summary}" for one in alerts]
    return [redact(line)[:MOST_LINE].strip() for line in lines]


def newest(point: Point) -> str:
    """The last sample; what it does not tell is left out."""
    told = [f"CPU {point.cpu_percent:.0f} %"] if point.cpu_percent is not None else []
    if point.memory_bytes is not None:
        limit = f" of {mb(point.memory_limit_bytes)}" if point.memory_limit_bytes else ""
        told.append(f"memory {mb(point.memory_bytes)}{limit}")
    counted = (("restarts", point.restarts), ("OOM kills", point.oom_kills))
    told += [f"{name} {value}" for name, value in counted if value is not None]
    return f"{point.at:%Y-%m-%d %H:%M} UTC: {', '.join(told)}"
