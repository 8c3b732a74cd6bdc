"""How pages load on a slow phone and on a desktop: python -m tests.benchmarks.page_weight [ROUNDS].

Measured with Chromium's own performance API, each load with an empty cache, the median of ROUNDS (3). The score is
our own computation, not Lighthouse's: over first and largest paint, blocking time and shift, with the log-normal
curves and weights that it publishes for version 10 and later
(https://developer.chrome.com/docs/lighthouse/performance/performance-scoring); the speed index, a tenth of its
score, is left out and the rest is brought to 100. Throttling is applied, not simulated: on the phone 150 ms and
1.6 Mbit/s on every request and a CPU four times slower, on the desktop 40 ms and 10 Mbit/s. Ends with 1 where a
page misses 95, or 90 with charts.
"""

import os
import sys
import tempfile
from dataclasses import dataclass
from math import erf, log
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
import django

django.setup()
from playwright.sync_api import sync_playwright  # noqa: E402  needs the settings, as the next do

from tests.flow.sampled import sampled_site, walk  # noqa: E402
from tests.static.conftest import CHROMIUM, FLAGS  # noqa: E402

ROUTES = (
    "overview",
    "senate:list",
    "senate:session",
    "intelligence:deployment",
    "providers:keys",
    "providers:usage",
)
CHARTS = {"providers:usage"}
TARGET, TARGET_WITH_CHARTS = 95, 90
WEIGHTS = {"fcp": 10, "lcp": 25, "tbt": 30, "cls": 25}
QUIET_MS = 3_000  # without a long task and a request, the page is taken as loaded
# Largest paint, shifts and long tasks are told to observers alone, so these are there before the page is.
WATCH = """
window.seen = {lcp: 0, shifts: [], tasks: []};
const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note))
  .observe({type, buffered: true});
watch("largest-contentful-paint", (one) => { seen.lcp = one.startTime; });
watch("layout-shift", (one) => { if (!one.hadRecentInput) seen.shifts.push([one.startTime, one.value]); });
watch("longtask", (one) => { seen.tasks.push([one.startTime, one.duration]); });
"""
READ = """() => ({...seen, fcp: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0})"""


@dataclass(frozen=True, slots=True)
class Profile:
    """`latency_ms` and `kilobits` of each request, `cpu` times slower; the curves as (score 0.9 at, 0.5 at)."""

    name: str
    viewport: tuple[int, int]
    latency_ms: float
    kilobits: float
    cpu: float
    curves: dict[str, tuple[float, float]]


PROFILES = (
    Profile(
        "phone",
        (412, 823),
        150,
        1_638,
        4,
        {"fcp": (1_800, 3_000), "lcp": (2_500, 4_000), "tbt": (200, 600), "cls": (0.1, 0.25)},
    ),
    Profile(
        "desktop",
        (1350, 940),
        40,
        10_240,
        1,
        {"fcp": (934, 1_600), "lcp": (1_200, 2_400), "tbt": (150, 350), "cls": (0.1, 0.25)},
    ),
)


def score(value: float, good: float, middling: float) -> float:
    """0 to 1: a log-normal curve through 0.9 at `good` and 0.5 at `middling`."""
    if value <= 0:
        return 1.0
    return (1 - erf(log(value / middling) * 0.9061938024368232 / log(middling / good))) / 2


def scored(profile: Profile, seen: dict[str, float]) -> float:
    """0 to 100."""
    parts = sum(weight * score(seen[name], *profile.curves[name]) for name, weight in WEIGHTS.items())
    return 100 * parts / sum(WEIGHTS.values())


def loaded(browser: Any, profile: Profile, cookies: list[dict[str, str]], url: str) -> dict[str, float]:
    """Milliseconds, the shift's score, kB over the wire and requests, of one load with an empty cache."""
    width, height = profile.viewport
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_cookies(cookies)
    context.add_init_script(WATCH)
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    taken: list[float] = []
    cdp.on("Network.loadingFinished", lambda one: taken.append(one["encodedDataLength"]))
    rate = profile.kilobits * 1024 / 8
    cdp.send("Network.enable")
    line = {
        "offline": False,
        "latency": profile.latency_ms,
        "downloadThroughput": rate,
        "uploadThroughput": rate / 2,
    }
    cdp.send("Network.emulateNetworkConditions", line)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": profile.cpu})
    page.goto(url, wait_until="load")
    while True:
        before = (len(taken), page.evaluate("seen.tasks.length"))
        page.wait_for_timeout(QUIET_MS)
        if before == (len(taken), page.evaluate("seen.tasks.length")):
            break
    seen = page.evaluate(READ)
    context.close()
    return figures(seen) | {"kB": sum(taken) / 1000, "requests": len(taken)}


def figures(seen: dict[str, Any]) -> dict[str, float]:
    """The four that are scored, out of what the observers saw."""
    blocked = sum(max(0, length - 50) for began, length in seen["tasks"] if began >= seen["fcp"])
    return {"fcp": seen["fcp"], "lcp": seen["lcp"], "tbt": blocked, "cls": worst_window(seen["shifts"])}


def worst_window(shifts: list[list[float]]) -> float:
    """The largest sum of shifts that are less than 1 s apart, within 5 s."""
    worst, began, last, total = 0.0, 0.0, 0.0, 0.0
    for at, value in sorted(shifts):
        if total and at - last < 1_000 and at - began < 5_000:
            total += value
        else:
            began, total = at, value
        last, worst = at, max(worst, total)
    return worst


def main(rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="aiops-weight-") as folder, sync_playwright() as playwright:
        site, client = sampled_site(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            found, own = walk(client), f"http://127.0.0.1:{site.port}"
            cookies = [{"name": name, "value": value, "url": own} for name, value in client.cookies.items()]
            missed = 0
            print(f"{'page':44}{'':8}{'score':>6}{'FCP':>7}{'LCP':>7}{'TBT':>7}{'CLS':>7}{'kB':>7}{'requests':>9}")
            for route in ROUTES:
                for profile in PROFILES:
                    path = found[route][0]
                    loads = [loaded(browser, profile, cookies, own + path) for _ in range(rounds)]
                    missed += told(route, path, profile, {n: median(one[n] for one in loads) for n in loads[0]})
        finally:
            browser.close()
            client.close()
            site.stop()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{missed} under the target; medians of {rounds}; load average {load}, {os.cpu_count()} cores.")
    return 1 if missed else 0


def told(route: str, path: str, profile: Profile, seen: dict[str, float]) -> bool:
    """Prints the line of a page; True where it misses its target."""
    points = scored(profile, seen)
    times = "".join(f"{seen[name]:>7.0f}" for name in ("fcp", "lcp", "tbt"))
    print(
        f"{path[:42]:44}{profile.name:8}{points:>6.0f}{times}{seen['cls']:>7.3f}{seen['kB']:>7.0f}{seen['requests']:>9.0f}"
    )
    return points < (TARGET_WITH_CHARTS if route in CHARTS else TARGET)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
