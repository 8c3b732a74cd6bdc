"""Small lines of what a service used: an SVG path of 400 x 80 for each figure. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from intelligence.fleet.scaling import Point, mb

WIDTH, HEIGHT, EDGE, MOST = 400, 80, 4, 200


def charts(points: Sequence[Point]) -> list[dict[str, Any]]:
    """[{label, now, highest, path, limit_y}] for CPU and memory, where there are two samples of it."""
    limit = next((p.memory_limit_bytes for p in reversed(points) if p.memory_limit_bytes), None)
    cpu = [(p.at.timestamp(), float(p.cpu_percent)) for p in points if p.cpu_percent is not None]
    memory = [(p.at.timestamp(), float(p.memory_bytes)) for p in points if p.memory_bytes is not None]
    made = [drawn("CPU", cpu, 100.0, lambda v: f"{v:.0f} %"), drawn("Memory", memory, limit, mb)]
    return [chart for chart in made if chart]


def drawn(
    label: str, values: Sequence[tuple[float, float]], limit: float | None, told: Callable[[float], str]
) -> dict[str, Any] | None:
    """At most MOST points: of each stretch of time its highest, so that no peak is lost."""
    if len(values) < 2 or values[-1][0] == values[0][0]:
        return None
    begin, span = values[0][0], values[-1][0] - values[0][0]
    highest = max(v for _, v in values)
    top = max(highest, limit or 0.0) * 1.05 or 1.0
    peaks: dict[int, float] = {}
    for at, value in values:
        place = int((at - begin) / span * (MOST - 1))
        peaks[place] = max(value, peaks.get(place, 0.0))

    def y(value: float) -> float:
        return round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / top, 1)

    spots = [f"{place / (MOST - 1) * WIDTH:.1f} {y(value)}" for place, value in sorted(peaks.items())]
    return {
        "label": label,
        "now": told(values[-1][1]),
        "highest": told(highest),
        "path": "M" + " L".join(spots),
        "limit_y": y(limit) if limit else None,
    }
