"""Lighthouse over the pages with sample data: python -m tests.benchmarks.lighthouse [--rounds N] [ROUTE ...].

Asks the program `lighthouse` (it needs Node, which nothing else here does; LIGHTHOUSE=... names it, else it is
looked for on the PATH) for performance, accessibility and best practices of each page, signed in as an
administrator, as a phone and as a desktop, with the throttling that it simulates itself. Of N rounds (1) the
median of each is taken. Without routes: every page. Ends with 1 where a page misses its targets: accessibility and
best practices 100, performance 95, or 90 with charts.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
import django
import httpx

django.setup()
from playwright.sync_api import sync_playwright  # noqa: E402  needs the settings, as the next do

from tests.flow.sampled import sampled_site, walk  # noqa: E402
from tests.static.conftest import CHROMIUM, FLAGS  # noqa: E402

CHARTS = {"providers:usage"}
TARGETS = {"performance": 95, "accessibility": 100, "best-practices": 100}
TARGET_WITH_CHARTS = 90
PROFILES = {"phone": [], "desktop": ["--preset=desktop"]}
PAGE_S = 180


def main(words: list[str]) -> int:
    given = argparse.ArgumentParser("tests.benchmarks.lighthouse", description=__doc__)
    given.formatter_class = argparse.RawDescriptionHelpFormatter
    given.add_argument("routes", nargs="*", metavar="ROUTE", help="as in aiops_site/policy.py: providers:usage")
    given.add_argument("--rounds", type=int, default=1)
    of = given.parse_args(words)
    program = shutil.which(os.environ.get("LIGHTHOUSE", "lighthouse"))
    if program is None:
        print("Lighthouse is not installed here: npm install -g lighthouse, or LIGHTHOUSE=... names it.")
        return 1
    with tempfile.TemporaryDirectory(prefix="aiops-lighthouse-") as folder:
        site, client = sampled_site(Path(folder))
        try:
            found = {route: path for route, (path, _) in walk(client).items()}
            wanted = {route: found[route] for route in of.routes or sorted(found)}
            missed = 0
            print(f"{'page':34}{'profile':10}{'perf':>6}{'a11y':>6}{'best':>6}   what costs points")
            with signed_in(f"http://127.0.0.1:{site.port}", client, Path(folder)) as port:
                for route, path in wanted.items():
                    for profile, flags in PROFILES.items():
                        command = [program, f"http://127.0.0.1:{site.port}{path}", *flags, f"--port={port}"]
                        try:
                            seen = [asked(command, Path(folder)) for _ in range(of.rounds)]
                        except subprocess.CalledProcessError:
                            print(f"{route:34}{profile:10}  Lighthouse itself failed")
                            missed += 1
                            continue
                        missed += told(route, profile, seen)
        finally:
            client.close()
            site.stop()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{len(wanted)} pages, {missed} of {2 * len(wanted)} under a target; load average {load}.")
    return 1 if missed else 0


@contextmanager
def signed_in(site: str, client: httpx.Client, folder: Path) -> Iterator[int]:
    """The debugging port of a browser that has the client's cookies: websockets don't send a header of them."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--remote-debugging-port={port}"]
        start = playwright.chromium.launch_persistent_context
        browser = start(folder / "browser", executable_path=CHROMIUM, args=flags)
        browser.add_cookies([{"name": one.name, "value": one.value, "url": site} for one in client.cookies.jar])
        yield port
        browser.close()


def asked(command: list[str], folder: Path) -> dict[str, Any]:
    """The report of one load, as Lighthouse writes it."""
    answer = folder / "report.json"
    command = [*command, "--quiet", "--output=json", f"--output-path={answer}"]
    command += [f"--only-categories={','.join(TARGETS)}"]
    subprocess.run(command, check=True, timeout=PAGE_S, stdout=subprocess.DEVNULL)
    return json.loads(answer.read_text())


def told(route: str, profile: str, seen: list[dict[str, Any]]) -> bool:
    """Prints a line; whether a target was missed."""
    scores = {name: 100 * median(one["categories"][name]["score"] or 0 for one in seen) for name in TARGETS}
    targets = TARGETS | ({"performance": TARGET_WITH_CHARTS} if route in CHARTS else {})
    missed = any(round(scores[name]) < target for name, target in targets.items())
    figures = "".join(f"{score:>6.0f}" for score in scores.values())
    verdict = "  MISSED" if missed else ""
    print(f"{route:34}{profile:10}{figures}   {', '.join(costs(seen[0]))}{verdict}", flush=True)
    return missed


def costs(report: dict[str, Any]) -> list[str]:
    """What takes points in the three categories, the heaviest first, with the figure of those that have one."""
    lost = []
    for category in report["categories"].values():
        for ref in category["auditRefs"]:
            audit = report["audits"][ref["id"]]
            if ref["weight"] and audit["score"] is not None and audit["score"] < 0.995:
                lost.append(((1 - audit["score"]) * ref["weight"], ref["id"], audit.get("displayValue", "")))
    return [f"{name} {value}".strip() for _, name, value in sorted(lost, reverse=True)]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
