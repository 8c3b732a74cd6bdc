"""Server time of every page, on a real site with sample data: python -m tests.benchmarks.pages [ROUNDS].

Each page is asked ROUNDS times (30), one after the other in turns; p50 and p95 in ms from the request to the last
byte of the page. The target is a p95 under 100 ms; ends with 1 where a page misses it. Begins SETTLE_S after the
sample data were made: until the worker has added up 90 days of calls, pages of usage add them up themselves.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
import django

django.setup()
from tests.flow.sampled import sampled_site, walk  # noqa: E402  needs the settings

TARGET_MS = 100.0
SETTLE_S = 20.0


def main(rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="aiops-pages-") as folder:
        site, client = sampled_site(Path(folder))
        try:
            paths = [path for path, _ in walk(client).values()]
            taken: dict[str, list[float]] = {path: [] for path in paths}
            time.sleep(SETTLE_S)
            for _ in range(rounds):
                for path in paths:
                    began = time.perf_counter()
                    client.get(path, headers={"Accept": "text/html"})
                    taken[path].append((time.perf_counter() - began) * 1000)
        finally:
            client.close()
            site.stop()
    return told(taken)


def told(taken: dict[str, list[float]]) -> int:
    print(f"{'page':60}{'p50 ms':>9}{'p95 ms':>9}")
    slow = 0
    for path, times in sorted(taken.items(), key=lambda one: -p95(one[1])):
        slow += p95(times) >= TARGET_MS
        print(
            f"{path[:58]:60}{median(times):>9.1f}{p95(times):>9.1f}{'  slow' if p95(times) >= TARGET_MS else ''}"
        )
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"{len(taken)} pages, {slow} at or over {TARGET_MS:.0f} ms; load average {load}, {os.cpu_count()} cores."
    )
    return 1 if slow else 0


def p95(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
