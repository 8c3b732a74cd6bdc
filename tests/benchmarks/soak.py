"""Whether a site stays as it is when it works for long: memory, open files, processes, money held.

    python -m tests.benchmarks.soak [--minutes 10] [--rate 5] [--from 2]

Starts a whole site (`manage.py up`: web, two workers, beat, Redis) on a fake upstream and asks it `rate` things a
second: questions, streams, pages, lists, now and then a deliberation of five. After `--from` minutes and at the
end it shows of each process the resident memory, open descriptors and threads; then zombies, open reservations,
and whether the books are right. The fault list's item F22 asks for a growth under 5 %.
"""

import argparse
import http.client
import json
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aiops_site.running import ROOT, descendants
from tests.benchmarks.senate_site import USERS, SenateSite, Timed

TOKENED = {"Content-Type": "application/json"}
PAGES = ("/", "/senate/", "/usage/", "/services/", "/providers/", "/incidents/", "/jules/", "/audit/", "/account/")
READS = ("/api/v1/ai/models", "/api/v1/ai/usage/", "/api/v1/ai/caps/", "/api/v1/senate/sessions/")
MIX = ("chat",) * 9 + ("stream",) * 5 + ("page",) * 7 + ("read",) * 3 + ("senate",)
NAMES = {
    "supervisor.web": "web",
    "-n worker@": "worker",
    "-n senate@": "senate",
    "aiops_site beat": "beat",
    "redis-server": "redis",
}
BOOKS = """
import django
django.setup()
import json
from providers.ledger.reconcile import reconcile
from providers.models import AIUsageLog, Reservation
from senate.models import SenateSession
from tests.senate import invariants
sessions = invariants.all_sessions()
invariants.check(sessions)
print(json.dumps({"open_reservations": Reservation.objects.filter(closed_at=None).count(),
    "rows": AIUsageLog.objects.count(), "failed_rows": AIUsageLog.objects.filter(success=False).count(),
    "sessions": len(sessions), "not_ended": SenateSession.objects.filter(state__in=["queued", "running"]).count(),
    "books": "right" if reconcile().clean else "WRONG"}))
"""


@dataclass(frozen=True)
class Look:
    """What a process holds at a moment."""

    rss_mb: float
    files: int
    threads: int


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--minutes", type=float, default=10)
    given.add_argument("--rate", type=float, default=5, help="requests a second")
    given.add_argument("--from", type=float, default=2, dest="since", help="minutes after which the first look is")
    of = given.parse_args()
    with tempfile.TemporaryDirectory() as folder, Timed() as upstream, SenateSite(Path(folder), upstream) as site:
        show(*soaked(site, upstream, of))


def soaked(site: SenateSite, upstream: Timed, of: argparse.Namespace) -> tuple[Any, ...]:
    load = Load(site)
    load.ask_for(60 * of.since, of.rate)
    first = looks(site)
    load.ask_for(60 * (of.minutes - of.since), of.rate)
    last, dead = looks(site), zombies(site)
    upstream.release()
    site.until_ended(load.sessions, 180)
    books = settled(site)
    posts = sum(call.method == "POST" for call in upstream.calls)
    return first, last, dead, {**books, "upstream_calls": posts}, load


class Load:
    """`done`: requests by kind; `faults`: what was not answered as it should be."""

    def __init__(self, site: SenateSite) -> None:
        self._site, self._number, self._lock = site, 0, threading.Lock()
        self.done: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.sessions: list[int] = []
        self.late = 0.0

    def ask_for(self, seconds: float, rate: float) -> None:
        """An open loop: a slow answer doesn't hold the next one up. `late`: how far one began behind its time."""
        began, sent = time.monotonic(), 0
        with ThreadPoolExecutor(32) as pool:
            while sent < seconds * rate:
                due = began + sent / rate
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(self._one, self._number, due)
                sent, self._number = sent + 1, self._number + 1

    def _one(self, number: int, due: float) -> None:
        kind = MIX[number * 7 % len(MIX)]
        self.late = max(self.late, time.monotonic() - due)
        try:
            status, body = self._ask(kind, number)
            fault = "" if status in (200, 201, 202) else f"{kind}: {status} {body[:120]!r}"
        except (OSError, http.client.HTTPException) as error:
            fault, body = f"{kind}: {error!r}", b""
        with self._lock:
            self.done[kind] += 1
            if fault:
                self.faults[fault] += 1
            elif kind == "senate":
                self.sessions.append(json.loads(body)["id"])

    def _ask(self, kind: str, number: int) -> tuple[int, bytes]:
        who = number % USERS
        token = {**TOKENED, "Authorization": f"Token {self._site.tokens[who]}"}
        cookie = {"Cookie": f"{self._site.cookie_name}={self._site.cookies[who]}", "Accept": "text/html"}
        if kind == "page":
            return self._exchange("GET", PAGES[number % (len(PAGES) - 2)], None, cookie)
        if kind == "read":
            return self._exchange("GET", READS[number % len(READS)], None, token)
        if kind == "senate":
            words = json.dumps({"question": f"Roll back or raise the pool size? ({number})"})
            return self._exchange("POST", "/api/v1/senate/sessions/", words, token)
        asked = {"model": "solo", "messages": [{"role": "user", "content": f"What is a pool? ({number})"}]}
        words = json.dumps({**asked, "stream": kind == "stream"})
        return self._exchange("POST", "/api/v1/ai/chat/completions", words, token)

    def _exchange(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._site.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def looks(site: SenateSite) -> dict[str, Look]:
    """Of every process of the site, by a short name."""
    found: dict[str, Look] = {}
    for pid, command in descendants(site.supervisor).items():
        name = next((short for text, short in NAMES.items() if text in command), "")
        if name:
            found[name] = held_by(pid)
    return {"supervisor": held_by(site.supervisor), **found}


def held_by(pid: int) -> Look:
    status = Path(f"/proc/{pid}/status").read_text()
    rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Look(round(rss, 1), files, int(status.split("Threads:")[1].split()[0]))


def zombies(site: SenateSite) -> int:
    """Ended children of the site's processes that nobody has waited for."""
    ours = {site.supervisor, *descendants(site.supervisor)}
    found = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *_ = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        found += state == "Z" and int(parent) in ours
    return found


def settled(site: SenateSite) -> dict[str, Any]:
    """The books, once what is in flight has ended."""
    site.environment.setdefault("PYTHONPATH", str(ROOT))
    said = site.run(BOOKS)
    return json.loads(said) if said.startswith("{") else {"books": said}


def show(first: dict[str, Look], last: dict[str, Look], dead: int, books: dict[str, Any], load: Load) -> None:
    print(f"{'process':12}{'MB first':>10}{'MB last':>10}{'growth':>9}{'files':>12}{'threads':>12}")
    for name, then in last.items():
        before = first.get(name, then)
        files, threads = f"{before.files} {then.files}", f"{before.threads} {then.threads}"
        growth = f"{100 * (then.rss_mb / before.rss_mb - 1):.1f} %"
        print(f"{name:12}{before.rss_mb:10.1f}{then.rss_mb:10.1f}{growth:>9}{files:>12}{threads:>12}")
    old, new = (sum(one.rss_mb for one in found.values()) for found in (first, last))
    print(f"all: {old:.0f} MB, then {new:.0f} MB, grown {100 * (new / old - 1):.1f} %")
    print(f"zombies: {dead}")
    print(f"asked: {sum(load.done.values())} {dict(load.done)}, one began {load.late:.1f} s late at most")
    print(f"not answered as it should be: {sum(load.faults.values())} {dict(load.faults.most_common(5))}")
    print(f"open reservations: {books.get('open_reservations')}")
    print(json.dumps(books))


if __name__ == "__main__":
    main()
