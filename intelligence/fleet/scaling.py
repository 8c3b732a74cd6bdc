"""What samples say of a service's resources. Pure: samples in, findings out, each with its numbers."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

HIGH_CPU, SUSTAINED = 85.0, timedelta(minutes=10)
FULL_SOON, LEAST_GROWTH = timedelta(hours=24), 0.05
LOOP_RESTARTS, LOOP_WINDOW = 3, timedelta(minutes=15)
LOW_CPU, LOW_MEMORY, LEAST_HISTORY = 15.0, 0.25, timedelta(hours=6)
TIGHT_MEMORY = 0.90
ODD, LEAST_POINTS, LEAST_NEW = 6.0, 30, 3  # robust deviations; samples of history; newest ones that must agree
LEAST_STEP = {"cpu_percent": 10.0, "memory_bytes": 0.10}  # percent points; share of the usual


@dataclass(frozen=True, slots=True)
class Point:
    """One sample. None: was not told."""

    at: datetime
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    restarts: int | None = None
    oom_kills: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` names it, `severity` is high, medium or low, `sentence` holds the numbers, as `numbers` does."""

    code: str
    severity: str
    sentence: str
    advice: str
    numbers: dict[str, Any]
    since: datetime

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class ScalingAnalyzer:
    """Reads a service's samples, oldest first."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = sorted(points, key=lambda point: point.at)

    def findings(self) -> list[Finding]:
        """What is wrong now, the worst first; empty where nothing is, or where there is nothing to see."""
        if not self.points:
            return []
        checks = (self.oom, self.crash_loop, self.memory_growth, self.sustained_cpu, self.memory_tight)
        found = [finding for check in checks if (finding := check()) is not None]
        told = {finding.code for finding in found}
        if not told & {"SUSTAINED_CPU"} and (odd := self.anomaly("cpu_percent")):
            found.append(odd)
        if not told & {"MEMORY_GROWTH", "MEMORY_TIGHT"} and (odd := self.anomaly("memory_bytes")):
            found.append(odd)
        return found + ([] if found else [low for low in (self.cpu_too_high(), self.memory_too_high()) if low])

    def _values(self, name: str) -> list[tuple[datetime, float]]:
        return [(p.at, float(v)) for p in self.points if (v := getattr(p, name)) is not None and math.isfinite(v)]

    def _rise(self, name: str, window: timedelta) -> tuple[int, datetime] | None:
        """How much a counter grew in the newest window, and since when; a counter that fell began anew."""
        values = self._values(name)
        if len(values) < 2:
            return None
        start = values[-1][0] - window
        grown, since = 0, values[-1][0]
        for (_, before), (at, now) in pairwise(values):
            step = now - before if now >= before else now
            if at >= start and step > 0:
                grown, since = grown + int(step), min(since, at)
        return (grown, since) if grown else None

    def oom(self) -> Finding | None:
        rise = self._rise("oom_kills", timedelta(hours=24))
        if rise is None:
            return None
        limit = next((p.memory_limit_bytes for p in reversed(self.points) if p.memory_limit_bytes), None)
        return Finding(
            "OOM_KILLED",
            "high",
            f"Killed for memory {rise[0]} time{'s' * (rise[0] > 1)} within 24 h"
            + (f", with a limit of {mb(limit)}." if limit else "."),
            "Raise the memory limit, or find what fills it.",
            {"oom_kills": rise[0], "memory_limit_bytes": limit},
            rise[1],
        )

    def crash_loop(self) -> Finding | None:
        rise = self._rise("restarts", LOOP_WINDOW)
        if rise is None or rise[0] < LOOP_RESTARTS:
            return None
        return Finding(
            "CRASH_LOOP",
            "high",
            f"{rise[0]} restarts within {LOOP_WINDOW.seconds // 60} minutes.",
            "Read the log of its last start; more resources don't help a process that ends by itself.",
            {"restarts": rise[0], "window_minutes": LOOP_WINDOW.seconds // 60},
            rise[1],
        )

    def sustained_cpu(self) -> Finding | None:
        values = self._values("cpu_percent")
        since = None
        for at, value in reversed(values):
            if value < HIGH_CPU:
                break
            since = at
        if since is None or values[-1][0] - since < SUSTAINED:
            return None
        run = [value for at, value in values if at >= since]
        if len(run) < 3:
            return None
        minutes = int((values[-1][0] - since).total_seconds() // 60)
        return Finding(
            "SUSTAINED_CPU",
            "medium",
            f"CPU at {min(run):.0f} % or more for {minutes} minutes ({len(run)} samples, mean {mean(run):.0f} %).",
            "Add a replica or CPU; if the load is as usual, look for what changed.",
            {"minutes": minutes, "lowest": round(min(run), 1), "mean": round(mean(run), 1), "samples": len(run)},
            since,
        )

    def memory_growth(self) -> Finding | None:
        """A straight line through what it used since it last started; when it meets the limit."""
        limit = next((p.memory_limit_bytes for p in reversed(self.points) if p.memory_limit_bytes), None)
        values = self._since_start()
        if not limit or len(values) < 6:
            return None
        begin = values[0][0]
        xs = [(at - begin).total_seconds() / 3600 for at, _ in values]
        slope, first, fit = line(xs, [value for _, value in values])
        now = first + slope * xs[-1]
        grown = slope * xs[-1]
        if slope <= 0 or fit < 0.8 or grown < LEAST_GROWTH * limit or now >= limit * 1.05:
            return None
        left_h = max(0.0, (limit - now) / slope)
        if left_h > FULL_SOON.total_seconds() / 3600:
            return None
        return Finding(
            "MEMORY_GROWTH",
            "high" if left_h < 2 else "medium",
            f"Memory grows by {mb(slope)} an hour ({mb(values[0][1])} to {mb(values[-1][1])} in {xs[-1]:.1f} h) "
            f"and meets its limit of {mb(limit)} in about {left_h:.1f} h.",
            "Look for what is kept (a cache without a bound, connections); a restart only resets the clock.",
            {"bytes_per_hour": round(slope), "hours_left": round(left_h, 1), "fit": round(fit, 3), "limit": limit},
            begin,
        )

    def _since_start(self) -> list[tuple[datetime, float]]:
        """Memory since the newest restart: a counter of restarts that moved, or a fall by half."""
        begin, before = 0, None
        for n, point in enumerate(self.points):
            if before is not None and (
                (point.restarts or 0) != (before.restarts or 0)
                or (point.memory_bytes is not None and (before.memory_bytes or 0) > 2 * point.memory_bytes)
            ):
                begin = n
            before = point
        return [(p.at, float(p.memory_bytes)) for p in self.points[begin:] if p.memory_bytes is not None]

    def memory_tight(self) -> Finding | None:
        shares = self._shares()[-5:]
        if len(shares) < 3 or min(share for _, share in shares) < TIGHT_MEMORY:
            return None
        return Finding(
            "MEMORY_TIGHT",
            "medium",
            f"Memory at {100 * min(s for _, s in shares):.0f} % of its limit or more in its last {len(shares)} "
            "samples.",
            "Raise the limit before it is killed, or find what fills it.",
            {"lowest_percent": round(100 * min(s for _, s in shares), 1), "samples": len(shares)},
            shares[0][0],
        )

    def _shares(self) -> list[tuple[datetime, float]]:
        return [
            (p.at, p.memory_bytes / p.memory_limit_bytes)
            for p in self.points
            if p.memory_bytes is not None and p.memory_limit_bytes
        ]

    def anomaly(self, name: str) -> Finding | None:
        """The newest samples against the service's own history: far from its median, in its own spread."""
        values = self._values(name)
        history, newest = values[:-LEAST_NEW], values[-LEAST_NEW:]
        if len(history) < LEAST_POINTS:
            return None
        usual = median(value for _, value in history)
        spread = 1.4826 * median(abs(value - usual) for _, value in history)
        least = LEAST_STEP[name] * (usual if name == "memory_bytes" else 1)
        step = max(ODD * spread, least)
        if not (all(v > usual + step for _, v in newest) or all(v < usual - step for _, v in newest)):
            return None
        now = median(value for _, value in newest)
        told = (lambda v: f"{v:.0f} %") if name == "cpu_percent" else mb
        return Finding(
            "CPU_ANOMALY" if name == "cpu_percent" else "MEMORY_ANOMALY",
            "low",
            f"{'CPU' if name == 'cpu_percent' else 'Memory'} is {told(now)}; usual are {told(usual)} "
            f"(plus or minus {told(spread)}, {len(history)} samples).",
            "Compare with what was deployed or called at that time.",
            {"now": round(now, 1), "usual": round(usual, 1), "spread": round(spread, 1), "samples": len(history)},
            newest[0][0],
        )

    def cpu_too_high(self) -> Finding | None:
        values = self._values("cpu_percent")
        if not self._long_enough(values) or (top := quantile(values, 0.99)) >= LOW_CPU:
            return None
        return Finding(
            "CPU_SET_TOO_HIGH",
            "low",
            f"99 % of {len(values)} samples use less than {top:.1f} % of the CPU it may use.",
            "Half of it would do.",
            {"p99_percent": round(top, 1), "samples": len(values)},
            values[0][0],
        )

    def memory_too_high(self) -> Finding | None:
        shares = self._shares()
        if not self._long_enough(shares) or (top := max(s for _, s in shares)) >= LOW_MEMORY:
            return None
        limit = next(p.memory_limit_bytes for p in reversed(self.points) if p.memory_limit_bytes)
        return Finding(
            "MEMORY_SET_TOO_HIGH",
            "low",
            f"It never used more than {100 * top:.0f} % of {mb(limit)} in {len(shares)} samples.",
            f"{mb(limit * top * 1.5)} would leave half as much again.",
            {"highest_percent": round(100 * top, 1), "limit": limit, "samples": len(shares)},
            shares[0][0],
        )

    def _long_enough(self, values: Sequence[tuple[datetime, float]]) -> bool:
        return len(values) >= LEAST_POINTS and values[-1][0] - values[0][0] >= LEAST_HISTORY


def line(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float, float]:
    """Least squares: slope, value at 0, and how much of the variance it explains (0 to 1)."""
    x, y = mean(xs), mean(ys)
    over = sum((a - x) ** 2 for a in xs)
    whole = sum((b - y) ** 2 for b in ys)
    if not over or not whole:
        return 0.0, y, 0.0
    cross = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return cross / over, y - cross / over * x, cross**2 / (over * whole)


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def quantile(values: Sequence[tuple[datetime, float]], share: float) -> float:
    found = sorted(value for _, value in values)
    return found[min(len(found) - 1, int(share * len(found)))]


def mb(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
