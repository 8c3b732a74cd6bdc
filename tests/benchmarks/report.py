"""What a run came to: a table beside the targets, and beside the last run."""

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import median

Round = dict[str, dict[str, dict[str, float]]]
OURS = ("daphne", "uvicorn")


def machine() -> str:
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    python = platform.python_version()
    return f"{os.cpu_count()} cores ({model}), Python {python}, load average {load} at the end, {when}"


def of(rounds: list[Round], gateway: str, many: str, name: str) -> float:
    """The median of a figure over all rounds; 0 where it was not measured."""
    found = [one[gateway][many][name] for one in rounds if name in one.get(gateway, {}).get(many, {})]
    return median(found) if found else 0.0


def over(rounds: list[Round], first: str, second: str, many: str, name: str, without: str = "") -> float | None:
    """The median of a ratio made within each round; `without`: a third gateway's figure is taken off both."""
    found = []
    for one in rounds:
        if not {first, second} <= set(one):
            return None
        off = one[without][many][name] if without else 0.0
        top, bottom = one[first][many][name] - off, one[second][many][name] - off
        if bottom > 0:
            found.append(top / bottom)
    return median(found) if found else None


def figures(result: dict[str, Any]) -> dict[str, tuple[float, str]]:
    """Name -> (figure, target in words)."""
    rounds, made = result["rounds"], {}

    def put(name: str, value: float | None, target: str = "") -> None:
        if value is not None:
            made[name] = (round(value, 3), target)

    known = [name for name in OURS if name in rounds[0]]
    for name in known:
        for many in ("50", "200"):
            if many in rounds[0][name]:
                times = over(rounds, name, "litellm", many, "rps")
                put(f"{name}: requests/s at {many}, times LiteLLM's", times, ">= 7, goal 10")
        share = over(rounds, name, "litellm", "1", "p50", without="direct")
        put(f"{name}: added latency p50, share of LiteLLM's", share, "<= 0.33")
        put(
            f"{name}: CPU a call at 50, share of LiteLLM's",
            over(rounds, name, "litellm", "50", "cpu_ms"),
            "<= 0.14",
        )
        put(f"{name}: memory, share of LiteLLM's", over(rounds, name, "litellm", "50", "memory_mb"), "<= 0.5")
        put(f"{name}: CPU ms a call at 50 connections", of(rounds, name, "50", "cpu_ms"), "<= 1")
        added = [one[name]["streams"]["first_p50"] - one["direct"]["streams"]["first_p50"] for one in rounds]
        put(f"{name}: added ms to the first token p50, 50 streams", median(added), "<= 5")
        grown = result["growth"][name]
        put(f"{name}: MB grown over {grown['calls']:,} calls", grown["after_mb"] - grown["before_mb"])
    found = result["proven"]
    put(f"ledger: rows proven a second, of {found['rows']:,.0f}", found["rows_per_s"], ">= 50000")
    return made


def show(result: dict[str, Any], kept: Path) -> None:
    """Prints it all and keeps it for the next run."""
    last = json.loads(kept.read_text()).get("figures", {}) if kept.exists() else {}
    result["figures"] = {name: value for name, (value, _) in figures(result).items()}
    kept.write_text(json.dumps(result, indent=1))
    print(f"\n{result['machine']}")
    for name, note in result["notes"].items():
        print(f"{name} {note}")
    print()
    _raw(result["rounds"])
    print(f"\n{'':58}{'now':>9}{'last':>9}  target")
    for name, (value, target) in figures(result).items():
        before = f"{last[name]:>9.2f}" if name in last else f"{'':>9}"
        print(f"{name:58}{value:>9.2f}{before}  {target}")
    print(f"\nKept in {kept}.")


def _raw(rounds: list[Round]) -> None:
    names = ("rps", "p50", "p95", "p99", "cpu_ms", "beside_ms", "generator_ms", "memory_mb", "errors")
    print(f"{'gateway':9}{'load':>8}" + "".join(f"{name:>13}" for name in names))
    for gateway, loads in rounds[0].items():
        for many in (each for each in loads if each != "reference"):
            shown = [
                of(rounds, gateway, many, "first_p50" if many == "streams" and n == "p50" else n) for n in names
            ]
            print(f"{gateway:9}{many:>8}" + "".join(f"{value:>13.2f}" for value in shown))
    slow = [one["reference"]["cpu_ms"] for each in rounds for one in each.values()]
    print(
        f"A fixed piece of Python took {median(slow):.1f} ms of CPU beside each load: {min(slow)} to {max(slow)}."
    )
    print(
        "Latencies in ms, for streams p50 is the time to the first word; CPU in ms a call; medians of all rounds."
    )
