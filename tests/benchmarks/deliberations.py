"""The Senate on a whole site (`manage.py up`: web, worker, Redis), with a fake upstream of set latencies.

    python -m tests.benchmarks.deliberations [wall] [crowd] [watchers] [catchup] [faults]    all if none is named

wall      one session of five members at a time: wall time against 1.05 x the critical path + 150 ms
crowd     200 sessions at once: every one ends, and no event is missing
watchers  1,000 sockets on one session: event to screen, memory of the web process, one reader that never reads
catchup   a page in Chromium whose socket is cut, and one that is reloaded: until the last missed event is shown
faults    kill -9 of worker, web and Redis while sessions run and are watched; then the invariants
Kills at many moments without the waiting for leases: SENATE_SOAK=5 pytest tests/senate/test_recovery.py
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.aiops_site.running import ROOT
from tests.benchmarks import senate_catchup as pages
from tests.benchmarks.senate_site import CHAIR, PROPOSE, REVIEW, SenateSite, Timed
from tests.benchmarks.senate_watch import Deaf, handshake

FAULTS_S = 150.0


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("parts", nargs="*", help="wall, crowd, watchers, catchup, faults")
    given.add_argument("--sessions", type=int, default=200)
    given.add_argument("--sockets", type=int, default=1_000)
    given.add_argument("--render", action="store_true", help="watch as the page does: with its parts rendered")
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
    """The session begins when all are in: five members write at once, some 20 words a second each."""
    upstream.latencies = {PROPOSE: (0.0, 0.0), REVIEW: (0.5, 0.5), CHAIR: (0.0, 0.0)}
    before = site.memory_mb("supervisor.web")
    upstream.hold_back()
    session = site.ask()
    deaf = Deaf(site.port, handshake(site.port, session, f"{site.cookie_name}={site.cookies[-1]}"))
    readers = _readers(site, session, of)
    if (said := readers.stdout.readline().strip()) != "all in":
        raise SystemExit(f"the readers ended with {said!r}")
    open_mb, used = site.memory_mb("supervisor.web"), site.cpu_s("supervisor.web")
    upstream.go_on()
    found = json.loads(readers.communicate(timeout=240)[0])
    used = site.cpu_s("supervisor.web") - used
    deaf.close()
    row = site.until_ended([session])[0]
    late = sorted(found.pop("latencies_ms"))
    return {
        "sockets": of.sockets,
        "rendered": of.render,
        "events": row["last_n"],
        "session_s": round(row["elapsed_exact_s"], 1),
        "whole": found.pop("whole") if found["last"] == row["last_n"] else 0,
        **{f"p{part}_ms": round(late[int(len(late) * part / 100)]) for part in (50, 95, 99)},
        "web_mb": {"before": before, "all_in": open_mb, "after": site.memory_mb("supervisor.web")},
        "web_cpu_s": round(used, 1),
        **found,
    }


def _readers(site: SenateSite, session: int, of: argparse.Namespace) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.senate_watch",
        str(site.port),
        str(session),
        str(of.sockets),
    ]
    command += [site.cookie_name, *(["--render"] if of.render else [])]
    readers = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    readers.stdin.write(" ".join(site.cookies[:-1]))
    readers.stdin.close()
    readers.stdin = None  # `communicate` would flush it
    return readers


def catchup(site: SenateSite, upstream: Timed, of: argparse.Namespace) -> dict[str, Any]:
    """Cut at points all over a session of some 400 events, seen again when its chair is asked; cut again and again
    while members write; reloaded."""
    upstream.latencies = {PROPOSE: (0.0, 0.0), REVIEW: (0.5, 0.5), CHAIR: (600.0, 600.0)}
    with pages.browser(site) as chromium:
        session = _begin_slowly(site, upstream)
        found = [pages.opened(chromium, site, session, 8 + at * 48) for at in range(pages.PAGES)]
        upstream.go_on()
        last = pages.settled(site, session)
        cut = [pages.mended(page, last) for page in found if page.evaluate("line.cut")]
        reloads = [(0, pages.reloaded(page)) for page in found for _ in range(2)]
        print("cut:", pages.told(cut), "reload:", pages.told(reloads), flush=True)
        for page in found:
            page.close()
        site.cancel(session)
        session = _begin_slowly(site, upstream)
        page = pages.opened(chromium, site, session, 10**9)
        upstream.go_on()
        writing = pages.while_it_writes(page, 10)
        site.cancel(session)
    return {
        "events": last,
        "cut": pages.told(cut),
        "cut_while_members_write": pages.told(writing),
        "reload": pages.told(reloads),
    }


def _begin_slowly(site: SenateSite, upstream: Timed) -> int:
    """A session whose members wait, and then write some 40 seconds long."""
    upstream.hold_back()
    upstream.set_mode("slow", pause=0.2)
    return site.ask()


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
PARTS: dict[str, Part] = {"wall": wall, "crowd": crowd, "watchers": watchers, "catchup": catchup, "faults": faults}

if __name__ == "__main__":
    main()
