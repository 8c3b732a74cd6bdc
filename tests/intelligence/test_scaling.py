"""What samples say: each finding with the numbers that made it, and nothing of a service that is well."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from intelligence.fleet.scaling import Point, ScalingAnalyzer

START = datetime(2026, 11, 21, tzinfo=UTC)
GB = 10**9


def series(count=60, every=5, **functions):
    """Points every so many minutes; each figure is a function of its number."""
    return [
        Point(START + timedelta(minutes=every * n), **{name: make(n) for name, make in functions.items()})
        for n in range(count)
    ]


def codes(points):
    return [finding.code for finding in ScalingAnalyzer(points).findings()]


def noise(seed=7):
    chance = random.Random(seed)
    return lambda around, spread: max(0.0, chance.gauss(around, spread))


def calm(count=60, every=5):
    jitter = noise()
    return series(
        count,
        every,
        cpu_percent=lambda n: jitter(45, 6),
        memory_bytes=lambda n: int(jitter(0.5 * GB, 0.02 * GB)),
        memory_limit_bytes=lambda n: GB,
        restarts=lambda n: 2,
        oom_kills=lambda n: 1,
    )


@pytest.mark.parametrize("points", [[], calm(1), calm(3), calm(), calm(288)], ids=len)
def test_a_service_that_is_well_yields_nothing(points):
    assert codes(points) == []


def test_a_daily_wave_is_not_an_anomaly():
    assert codes(series(288, cpu_percent=lambda n: 45 + 25 * math.sin(n / 46))) == []


def test_cpu_that_stays_high_is_told_with_its_minutes_and_mean():
    [found] = ScalingAnalyzer(series(60, 1, cpu_percent=lambda n: 92 if n >= 40 else 30)).findings()
    assert found.code == "SUSTAINED_CPU" and found.since == START + timedelta(minutes=40)
    assert found.numbers == {"minutes": 19, "lowest": 92, "mean": 92, "samples": 20}
    assert "92 % or more for 19 minutes" in found.sentence


def test_a_short_peak_is_no_sustained_cpu():
    assert "SUSTAINED_CPU" not in codes(series(60, 1, cpu_percent=lambda n: 99 if n >= 55 else 30))
    assert "SUSTAINED_CPU" not in codes(series(60, 1, cpu_percent=lambda n: 99 if 20 <= n < 50 else 30))


def test_memory_that_grows_says_how_fast_and_when_it_is_full():
    points = series(60, 5, memory_bytes=lambda n: int(0.3 * GB + n * 0.01 * GB), memory_limit_bytes=lambda n: GB)
    [found] = ScalingAnalyzer(points).findings()
    assert found.code == "MEMORY_GROWTH" and found.severity == "high"
    assert found.numbers["bytes_per_hour"] == pytest.approx(0.12 * GB, rel=0.01)
    assert found.numbers["hours_left"] == pytest.approx((GB - 0.89 * GB) / (0.12 * GB), abs=0.1)


def test_growth_is_counted_from_the_newest_restart():
    points = series(
        60,
        5,
        memory_bytes=lambda n: int(0.3 * GB + (n % 30) * 0.02 * GB),
        memory_limit_bytes=lambda n: GB,
        restarts=lambda n: n // 30,
    )
    assert ScalingAnalyzer(points).findings()[0].since == START + timedelta(minutes=150)


def test_growth_that_never_meets_the_limit_is_none():
    slow = series(60, 5, memory_bytes=lambda n: int(0.3 * GB + n * 1e5), memory_limit_bytes=lambda n: GB)
    assert "MEMORY_GROWTH" not in codes(slow)


def test_an_oom_kill_is_told_with_the_limit():
    points = series(20, oom_kills=lambda n: 3 if n < 15 else 5, memory_limit_bytes=lambda n: GB // 2)
    [found] = ScalingAnalyzer(points).findings()
    assert (
        found.code == "OOM_KILLED"
        and found.sentence == "Killed for memory 2 times within 24 h, with a limit of 500 MB."
    )


def test_restarts_close_together_are_a_crash_loop_and_far_apart_are_not():
    assert codes(series(20, 1, restarts=lambda n: n // 4)) == ["CRASH_LOOP"]
    assert codes(series(20, 30, restarts=lambda n: n // 4)) == []


def test_a_counter_that_begins_anew_is_no_negative_rise():
    assert codes(series(20, 1, restarts=lambda n: 7 if n < 18 else 0)) == []


def test_an_anomaly_is_measured_in_the_services_own_spread():
    jitter = noise()
    steady = series(60, cpu_percent=lambda n: jitter(20, 1) if n < 57 else 60)
    [found] = ScalingAnalyzer(steady).findings()
    assert found.code == "CPU_ANOMALY" and found.numbers["usual"] == pytest.approx(20, abs=1)
    wild = noise()
    assert codes(series(60, cpu_percent=lambda n: wild(40, 15) if n < 57 else 60)) == []


def test_memory_close_to_its_limit_is_told():
    points = series(60, memory_bytes=lambda n: int(0.95 * GB), memory_limit_bytes=lambda n: GB)
    assert codes(points) == ["MEMORY_TIGHT"]


def test_resources_that_are_never_used_are_told_only_after_six_hours():
    def idle(count):
        return series(
            count,
            cpu_percent=lambda n: 2 + n % 3,
            memory_bytes=lambda n: 10**8,
            memory_limit_bytes=lambda n: GB,
        )

    found = ScalingAnalyzer(idle(80)).findings()
    assert [one.code for one in found] == ["CPU_SET_TOO_HIGH", "MEMORY_SET_TOO_HIGH"]
    assert (
        "never used more than 10 % of 1.00 GB in 80 samples" in found[1].sentence and "150 MB" in found[1].advice
    )
    assert codes(idle(60)) == []


def test_figures_that_are_missing_or_no_numbers_are_left_out():
    odd = [Point(START + timedelta(minutes=n), cpu_percent=math.nan if n % 2 else None) for n in range(50)]
    assert codes(odd) == []
    assert codes(series(50, memory_bytes=lambda n: 0, memory_limit_bytes=lambda n: 0)) == []
