"""A whole site under a clock that jumps (fault 9): a day on while work is held half-way, then back to before it.

A few lines of C stand between every process of the site, its Redis too, and the clock of the machine. Durations
stay true, as they do where a real clock is set (libfaketime 0.9.10 breaks Python's sleeps where they shall).
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.aiops_site.many import HOLD, exchange, mode_of
from tests.aiops_site.running import ROOT, Site, environment, until
from tests.benchmarks.senate_site import PERSONAS, SEED
from tests.fakes.upstream import FakeUpstream

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
# Several minutes on a busy machine: what it found has tests of its own in test_turn.py and test_throttles.py.
pytestmark = [
    pytest.mark.skipif(
        "CLOCK_JUMPS" not in os.environ, reason="a whole site under a clock that jumps: CLOCK_JUMPS=1"
    ),
    pytest.mark.skipif(not COMPILER, reason="NOT TESTED UNDER A CLOCK THAT JUMPS: no C compiler"),
]
CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile long *offset; /* seconds, in a file that all processes share */
__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_OFFSET");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) offset = page;
    if (file >= 0) close(file);
}
int clock_gettime(clockid_t which, struct timespec *into) {
    int failed = syscall(SYS_clock_gettime, which, into);
    if (!failed && offset && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) into->tv_sec += *offset;
    return failed;
}
int gettimeofday(struct timeval *into, void *zone) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    into->tv_sec = now.tv_sec;
    into->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
"""
NOON, DAY = 12 * 3600, 86_400
JUMP, BACK = 25 * 3600, -3600  # from noon: 13:00 of the next day, and 11:00 of the first
TOKENS, LONGEST_ANSWER = 500, 60  # the second person's cap, and how long one answer may be
SMALL_CAP = f"""
from providers.models import UserAICap
UserAICap.objects.filter(user__username="bench-1").update(daily_token_cap={TOKENS})
"""
# Accepted, and its message lost: only what is sent by time takes it up.
ACCEPTED = """
import django
django.setup()
from django.contrib.auth import get_user_model
from senate import chat
from senate.work import nudges
nudges.workers = lambda *_: None
print(chat.start(get_user_model().objects.get(username="bench-0"), question="After the clock").pk)
"""
BOOKS = """
import json, django
django.setup()
from providers.ledger.reconcile import reconcile
from providers.models import AIUsageLog, Reservation
from tests.senate import invariants
invariants.check(invariants.all_sessions())
print(json.dumps({"clean": reconcile().clean, "rows": AIUsageLog.objects.count(),
                  "open": Reservation.objects.filter(closed_at=None).count()}))
"""


@dataclass
class Jumping:
    """A running site. `clock`: the file that all its processes take their clock's offset from, in seconds."""

    site: Site
    clock: Path
    upstream: FakeUpstream
    cookie_name: str
    people: list[list[str]] = field(repr=False)

    def set_clock(self, offset: int) -> None:
        write(self.clock, offset)
        until(lambda: abs(self.told() - time.time() - offset) < 600, "a site whose clock is set")

    def told(self) -> int:
        """What time it is there."""
        status, _, said = self.chat(0)
        assert status == 200, said
        return int(json.loads(said)["created"])

    def _token(self, who: int) -> dict[str, str]:
        return {"Authorization": f"Token {self.people[who][0]}", "Content-Type": "application/json"}

    def chat(self, who: int, question: str = "What is a pool?") -> tuple[int, dict[str, str], bytes]:
        body = json.dumps(
            {"model": "solo", "messages": [{"role": "user", "content": question}], "max_tokens": LONGEST_ANSWER}
        )
        return exchange(self.site.port, "POST", "/api/v1/ai/chat/completions", body, self._token(who))

    def ask(self, question: str) -> int:
        body = json.dumps({"question": question})
        _, _, said = exchange(self.site.port, "POST", "/api/v1/senate/sessions/", body, self._token(0))
        return int(json.loads(said)["id"])

    def state(self, session: int) -> str:
        path = f"/api/v1/senate/sessions/{session}/"
        return str(json.loads(exchange(self.site.port, "GET", path, None, self._token(0))[2])["state"])

    def page(self, path: str) -> int:
        cookie = {"Cookie": f"{self.cookie_name}={self.people[0][1]}", "Accept": "text/html"}
        return exchange(self.site.port, "GET", path, None, cookie)[0]

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.site.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return (done.stdout.strip().splitlines() or [""])[-1]

    def works(self) -> None:
        until(lambda: self.site.readiness()["status"] == "ok", "a site that is ready")
        assert (self.page("/usage/"), self.page("/senate/")) == (200, 200)
        done = self.ask("Roll back?")
        until(lambda: self.state(done) == "done", "the end of a question")


def write(clock: Path, offset: int) -> None:
    with clock.open("r+b" if clock.exists() else "wb") as file:
        file.write(struct.pack("l", offset))


def compiled(folder: Path) -> str:
    """The library's path."""
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(CLOCK)
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return str(library)


@pytest.fixture
def jumping(prepared, tmp_path) -> Iterator[tuple[Jumping, Callable[[int], int]]]:
    """It is noon there, so that no midnight comes between; and the offset for seconds after that noon."""
    data, clock, begun = tmp_path / "data", tmp_path / "clock", int(time.time())
    to_noon = NOON - begun % DAY
    write(clock, to_noon)
    shutil.copytree(prepared, data)
    with FakeUpstream() as upstream:
        upstream.choose(mode_of)
        fake = {"LD_PRELOAD": compiled(tmp_path), "CLOCK_OFFSET": str(clock)}
        more: dict[str, Any] = {"AI_PRIVATE_HOSTS": upstream.netloc, "AI_CHAT_RATE": "1000000/min", **fake}
        env = environment(data, DJANGO_SETTINGS_MODULE="aiops_site.settings", **more)
        seed = [sys.executable, "-c", SEED + SMALL_CAP, upstream.openai_url, ",".join(PERSONAS), "2"]
        printed = subprocess.run(seed, cwd=ROOT, env=env, capture_output=True, text=True)
        assert printed.returncode == 0, printed.stderr[-2000:]
        site = Site(data, **env)
        try:
            people = json.loads(printed.stdout.strip().splitlines()[-1])
            yield Jumping(site.until_ready(), clock, upstream, *people), lambda later: to_noon + later
        finally:
            site.stop()


def test_f9_a_clock_that_jumps_on_and_back_loses_and_repeats_nothing_and_beat_goes_on(jumping) -> None:
    site, at = jumping
    site.works()
    assert site.chat(1)[0] == 200
    until(lambda: site.chat(1)[0] == 429, "a cap that is spent")
    half_way = site.ask(HOLD)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(site.chat, 0, HOLD)
        until(lambda: held(site.upstream) == len(PERSONAS) + 1, "a deliberation and a chat that are held")
        site.set_clock(at(JUMP))
        assert site.chat(1)[0] == 200, "a day later the cap is whole"
        site.upstream.release()
        assert asked.result()[0] == 200
        until(lambda: site.state(half_way) in ("done", "partial", "failed"), "the end of what was half-way")
    site.works()

    site.set_clock(at(BACK))
    refused = site.chat(1)
    assert refused[0] == 429 and b"insufficient_quota" in refused[2], "no second allowance for the first day"
    site.works()
    lost = int(site.run("-c", ACCEPTED))
    until(lambda: site.state(lost) == "done", "what only a sweep can take up")
    until(lambda: json.loads(site.run("-c", BOOKS))["open"] == 0, "no reservation left open")
    assert json.loads(site.run("-c", BOOKS))["clean"]
    site.run("manage.py", "verify_ledger")


def held(upstream: FakeUpstream) -> int:
    return sum(call.outcome == "open" and HOLD in json.dumps(call.body) for call in upstream.calls)
