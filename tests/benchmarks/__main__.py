"""Runs the benchmark: `make bench`, or python -m tests.benchmarks [--quick] [--no-litellm] [--only daphne ...].
With the word `all` it runs every benchmark there is (see every.py).

All gateways run at once and are asked in turns, several rounds, so that a noisy machine is as noisy for each; a
figure is the median of its rounds, and a ratio is made within a round. The last run is kept as JSON and compared.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import gateways, report
from tests.benchmarks.gateways import ROOT, Gateway
from tests.benchmarks.measure import load, reference_ms

CONNECTIONS = (1, 50, 200)
STREAMS = 50
SERVERS = ("daphne", "uvicorn")


def main() -> None:
    of = options()
    folder = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve() / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    with running(of, folder) as found:
        result = measured(found, of)
    report.show(result, folder / "last.json")


def options() -> argparse.Namespace:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--quick", action="store_true", help="one short round, for a first look")
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--seconds", type=float, default=5.0, help="of each load")
    given.add_argument("--only", nargs="*", choices=SERVERS, default=SERVERS)
    given.add_argument("--connections", nargs="*", type=int, default=CONNECTIONS)
    given.add_argument("--no-litellm", action="store_true")
    given.add_argument("--litellm", type=Path, help="a virtual environment that has litellm[proxy] already")
    given.add_argument("--port", type=int, default=8940, help="the first of five that are used")
    of = given.parse_args()
    if of.quick:
        of.rounds, of.seconds = 1, 3.0
    return of


@contextmanager
def running(of: argparse.Namespace, folder: Path) -> Iterator[list[Gateway]]:
    """Every gateway, ready; all are ended afterwards."""
    found = [gateways.upstream(folder, of.port)]
    try:
        for at, server in enumerate(of.only, start=1):
            found.append(gateways.ours(folder, of.port + at, server, of.port))
        if not of.no_litellm:
            other = gateways.litellm(folder, of.port + 4, of.port, of.litellm or folder / "litellm")
            found += [other] if other else []
            if other is None:
                print("LiteLLM can't be installed here, so the comparison is left out.", flush=True)
        yield found
    finally:
        for gateway in reversed(found):
            for process in (gateway.process, *gateway.beside):
                process.stop()


def measured(found: list[Gateway], of: argparse.Namespace) -> dict[str, Any]:
    """{machine, notes, rounds: [{gateway: {"1": figures, ..., "streams": figures}}], growth, proven}."""
    for gateway in found:
        load(gateway, 20, calls=500)  # what is made on first use is not measured
    rounds = []
    for number in range(of.rounds):
        print(f"round {number + 1} of {of.rounds}", flush=True)
        rounds.append({gateway.name: one_round(gateway, of) for gateway in found})
    growth = {gateway.name: grown(gateway, of) for gateway in found if gateway.name in SERVERS}
    proven = gateways.proven(found[1], 2_000 if of.quick else 20_000)  # the first of ours
    notes = {gateway.name: gateway.note for gateway in found if gateway.note}
    return {"machine": report.machine(), "notes": notes, "rounds": rounds, "growth": growth, "proven": proven}


def one_round(gateway: Gateway, of: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {"reference": {"cpu_ms": reference_ms()}}
    figures |= {str(many): load(gateway, many, seconds=of.seconds) for many in of.connections}
    figures["streams"] = load(gateway, STREAMS, seconds=of.seconds, stream=True)
    asked = {many: one for many, one in figures.items() if many != "reference"}
    line = "  ".join(f"{many}: {one['rps']:.0f}/s {one.get('p50', 0):.1f} ms" for many, one in asked.items())
    print(f"  {gateway.name:8} {line}", flush=True)
    return figures


def grown(gateway: Gateway, of: argparse.Namespace) -> dict[str, float]:
    """Memory before and after 10,000 calls (1,000 in a quick run), after all that came before."""
    calls = 1_000 if of.quick else 10_000
    before = gateway.process.memory_mb()
    load(gateway, 50, calls=calls)
    return {"calls": calls, "before_mb": before, "after_mb": gateway.process.memory_mb()}


if __name__ == "__main__":
    if sys.argv[1:2] == ["all"]:
        from tests.benchmarks import every

        raise SystemExit(every.main(sys.argv[2:]))
    main()
