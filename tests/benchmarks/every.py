"""Every figure that the issues name, in one run: make bench BENCH=all, or python -m tests.benchmarks all.

    python -m tests.benchmarks all [--quick] [PART ...]        parts: see tests/benchmarks/parts.py

Each part runs in a process of its own, one after the other (a whole run takes an hour or more, most of it rows for
the usage pages). `--quick` only shows that each part works: its sizes are too small for the figures to mean much.
Figures are kept in DATA_DIR/benchmarks, whole runs and quick ones apart, and shown beside those of the run before.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.gateways import ROOT
from tests.benchmarks.parts import PARTS, Part

Shown = dict[str, tuple[float | None, str, bool]]  # name: (figure, target in words, met)


def main(words: list[str]) -> int:
    given = argparse.ArgumentParser("tests.benchmarks all", description=__doc__)
    given.formatter_class = argparse.RawDescriptionHelpFormatter
    given.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    given.add_argument("--quick", action="store_true", help="the smallest sizes: a first look")
    of = given.parse_args(words)
    folder = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve() / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / ("all-quick.json" if of.quick else "all.json")
    last: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {"figures": {}}
    found: Shown = {}
    failed = [name for name in of.parts or PARTS if not measured(name, of.quick, folder, found)]
    show(found, last)
    figures = {**last["figures"], **{name: value for name, (value, *_) in found.items() if value is not None}}
    kept.write_text(json.dumps({"machine": report.machine(), "figures": figures}, indent=1))
    print(f"\nKept in {kept}." + (f" Not run to their end: {', '.join(failed)}." if failed else ""))
    return 1 if failed else 0


def measured(name: str, quick: bool, folder: Path, found: Shown) -> bool:
    """Runs one part and adds its figures. False where it did not end well, or a figure is missing."""
    part = PARTS[name]
    command = [sys.executable, "-m", part.module, *(part.quick if quick else part.whole)]
    began = time.monotonic()
    print(f"{name}: {' '.join(command[2:])}", flush=True)
    env = {**os.environ, "DATA_DIR": str(folder / "quick" if quick else folder.parent)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    (folder / f"{name}.txt").write_text(done.stdout + done.stderr)
    added = of_the_hot_lane(Path(env["DATA_DIR"])) if name == "hot" else of_part(part, done.stdout)
    found |= added
    print(f"  {time.monotonic() - began:.0f} s, all that it said: {folder / f'{name}.txt'}", flush=True)
    if not added or any(value is None for value, *_ in added.values()):
        print(f"  it did not end well: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
        return False
    return True


def of_part(part: Part, printed: str) -> Shown:
    read = {one: one.read(printed) for one in part.figures}
    return {one.name: (value, one.wanted(), value is not None and one.met(value)) for one, value in read.items()}


def of_the_hot_lane(data: Path) -> Shown:
    """It keeps its figures itself; whether a target in words is met is for the reader to see."""
    kept = data / "benchmarks" / "last.json"
    if not kept.exists():
        return {}
    figures = report.figures(json.loads(kept.read_text()))
    return {name: (value, target, True) for name, (value, target) in figures.items()}


def show(found: Shown, last: dict[str, Any]) -> None:
    print(f"\n{report.machine()}")
    if last.get("machine"):
        print(f"last run: {last['machine']}")
    print(f"\n{'':62}{'now':>12}{'last':>12}  target")
    for name, (value, target, met) in found.items():
        now = "nothing" if value is None else f"{value:,.2f}"
        before = f"{last['figures'][name]:,.2f}" if name in last["figures"] else ""
        print(f"{name:62}{now:>12}{before:>12}  {target}{'' if met or value is None else '  MISSED'}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
