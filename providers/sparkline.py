"""The small line of the last 24 hours: mean latency per hour, hours with failures marked. No Django."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WIDTH, HEIGHT, EDGE = 84.0, 22.0, 3.0
HOURS = 24


@dataclass(frozen=True, slots=True)
class Spark:
    """`path` for an SVG of 84 x 22, `bad` the (x, y) of hours with failures, `label` the same in words."""

    path: str
    bad: tuple[tuple[float, float], ...]
    label: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def drawn(hours: Mapping[int, tuple[int, float, int]]) -> Spark | None:
    """`hours`: how many hours ago (0 is now) -> (calls, mean milliseconds, failures). None without a call."""
    if not hours:
        return None
    slowest = max(mean for _, mean, _ in hours.values()) or 1.0
    points = {ago: _point(ago, mean / slowest) for ago, (_, mean, _) in sorted(hours.items(), reverse=True)}
    path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points.values())
    if len(points) == 1:
        path += " h0.01"  # a round cap makes a dot of it
    bad = tuple(points[ago] for ago in points if hours[ago][2])
    calls, failures = sum(h[0] for h in hours.values()), sum(h[2] for h in hours.values())
    return Spark(path, bad, f"{calls:,} call{'' if calls == 1 else 's'}, {failures:,} failed")


def _point(ago: int, share: float) -> tuple[float, float]:
    x = EDGE + (WIDTH - 2 * EDGE) * (HOURS - 1 - ago) / (HOURS - 1)
    return round(x, 1), round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * share, 1)
