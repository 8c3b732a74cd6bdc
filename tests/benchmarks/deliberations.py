"""The Senate on a whole site (`manage.py up`: web, worker, Redis), with a fake upstream of set latencies.

    python -m tests.benchmarks.deliberations [wall] [crowd] [watchers] [faults]      all where none is named

wall      one session of five members at a time: wall time against 1.05 x the critical path + 150 ms
crowd     200 sessions at once: every one ends, and no event is missing
watchers  1,000 sockets on one session: event to screen, memory of the web process, one reader that never reads
faults    kill -9 of worker, web and Redis while sessions run and are watched; then the invariants
Kills at many moments without the waiting for leases: SENATE_SOAK=5 pytest tests/senate/test_recovery.py
"""

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.benchmarks.senate_site import CHAIR, PROPOSE, REVIEW, SenateSite, Timed
from tests.benchmarks.senate_watch import Watched, watch, watch_badly

FAULTS_S = 150.0


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("parts", nargs="*", help="wall, crowd, watchers, faults")
    given.add_argument("--sessions", type=int, default=200)
    given.add_argument("--sockets", type=int, default=1_000)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--no-redis", action="store_true", help="messages are files, viewers look by themselves")
    of = given.parse_args()
    random.seed(of.seed)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the site's processes inherit it
    with (
        tempfile.TemporaryDirectory() as folder,
        Timed() as upstream,
        SenateSite(Path(folder), upstream, of.no_redis) as site,
    ):
        for part in of.parts or PARTS:
            print(f"{part}: {json.dumps(PARTS[part](site, upstream, of))}", flush=True)


def wall(site: SenateSite, upstream: Timed, of: argparse.Namespace) -> dict[str, Any]:
    """Seconds from the claim to the end, against the slowest member of each phase."""
    upstream.latencies = {PROPOSE: (0.6, 1.6), REVIEW: (0.5, 1.2), CHAIR: (0.9, 0.9)}
    rows = []
    for _ in range(5):
        upstream.taken.clear()
        session = site.until_ended([site.ask()])[0]
        critical = sum(max(upstream.taken[phase]) for phase in (PROPOSE, REVIEW, CHAIR))
        rows.append((session["elapsed_exact_s"], critical, session["elapsed_exact_s"] <= 1.05 * critical + 0.15))
    return {
        "sessions": [
            {"wall_s": round(w, 3), "critical_s": round(c, 3), "over": round(w - c, 3)} for w, c, _ in rows
        ],
        "within": f"{sum(ok for *_, ok in rows)} of {len(rows)}",
    }


def crowd(site: SenateSite, upstream: Timed, of: argparse.Namespace) -> dict[str, Any]:
    upstream.latencies = {PROPOSE: (0.5, 2.0), REVIEW: (0.5, 1.5), CHAIR: (0.5, 1.0)}
    before, begun = site.memory_mb("deliberations"), time.monotonic()
    upstream.hold_back(slow=False)  # so that all of them are in their first phase at once
    with ThreadPoolExecutor(12) as pool:
        asked = list(pool.map(site.ask, range(of.sessions)))
    asked_s = time.monotonic() - begun
    upstream.go_on()
    ended = site.until_ended(asked, 300)
    whole = sum(row["events"] == row["last_n"] and row["gaps"] == 0 for row in ended)
    return {
        "sessions": len(ended),
        "done": sum(row["state"] == "done" for row in ended),
        "without_a_missed_event": whole,
        "events": sum(row["events"] for row in ended),
        "asked_in_s": round(asked_s, 1),
        "ended_in_s": round(time.monotonic() - begun - asked_s, 1),
        "worker_mb": [before, site.memory_mb("deliberations")],
        "books": site.check(),
    }


def watchers(site: SenateSite, upstream: Timed, of: argparse.Namespace) -> dict[str, Any]:
    upstream.latencies = {PROPOSE: (0.0, 0.0), REVIEW: (0.5, 0.5), CHAIR: (0.0, 0.0)}
    before = site.memory_mb("supervisor.web")
    found: Watched = asyncio.run(_watched(site, upstream, of.sockets))
    row = site.until_ended([found.session])[0]
    whole = sum(numbers == list(range(1, row["last_n"] + 1)) for numbers in found.numbers)
    late = sorted(found.latencies_ms)
    return {
        "sockets": len(found.numbers),
        "handshakes_tried_again": found.refused,
        "events": row["last_n"],
        "got_every_event_once": whole,
        "p50_ms": late[len(late) // 2],
        "p95_ms": late[int(len(late) * 0.95)],
        "p99_ms": late[int(len(late) * 0.99)],
        "web_mb": [before, found.peak_mb],
        "slow_reader": found.slow,
    }


async def _watched(site: SenateSite, upstream: Timed, sockets: int) -> Watched:
    upstream.hold_back()
    session = await asyncio.to_thread(site.ask)
    found = Watched(session, expected=sockets)
    readers = [asyncio.create_task(watch(site, session, n, found)) for n in range(sockets)]
    slow = asyncio.create_task(watch_badly(site, session, found))
    ended, _ = await asyncio.wait(
        [asyncio.ensure_future(found.all_in.wait()), *readers], return_when=asyncio.FIRST_COMPLETED
    )
    for one in ended:
        one.result()  # a reader that was refused
    upstream.go_on()
    sampler = asyncio.create_task(found.sample(lambda: site.memory_mb("supervisor.web")))
    await asyncio.wait_for(asyncio.gather(*readers), 240)
    sampler.cancel()
    slow.cancel()
    return found


def faults(site: SenateSite, upstream: Timed, of: argparse.Namespace) -> dict[str, Any]:
    """Sessions run and one is watched by a reader that reconnects, while each process is killed in turn."""
    upstream.latencies = {PROPOSE: (1.0, 4.0), REVIEW: (1.0, 4.0), CHAIR: (2.0, 3.0)}
    told = {}
    parts = {"worker": "deliberations", "redis": "redis-server", "web": "supervisor.web"}
    if of.no_redis:
        del parts["redis"]
    for name, text in parts.items():
        asked = [site.ask(number) for number in range(4)]
        numbers: list[int] = []
        begun = time.monotonic()
        follower = site.follow(asked[0], numbers)
        time.sleep(random.uniform(0.5, 6.0))
        os.kill(site.pid(text), signal.SIGKILL)
        killed_at = round(time.monotonic() - begun, 1)
        ended = site.until_ended(asked, FAULTS_S)
        follower.join(30)
        told[name] = {
            "killed_after_s": killed_at,
            "all_ended_s": round(time.monotonic() - begun, 1),
            "states": sorted(row["state"] for row in ended),
            "viewer_got_every_event_once": numbers == list(range(1, ended[0]["last_n"] + 1)),
        }
    return {**told, "books": site.check()}


Part = Callable[[SenateSite, Timed, argparse.Namespace], dict[str, Any]]
PARTS: dict[str, Part] = {"wall": wall, "crowd": crowd, "watchers": watchers, "faults": faults}

if __name__ == "__main__":
    main()
