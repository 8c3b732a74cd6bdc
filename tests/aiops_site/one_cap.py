"""Everything that can spend at once against the cap of one person, in processes of their own: chats and streams of
two web processes, a run and deliberations of Celery workers, with a live page on a websocket.

A deliberation, a run and a stream are held half-way first, so each of them holds its share of the cap while all
others fill the rest; then they go on, and small chats take what is left over.
"""

import itertools
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from tests.aiops_site.many import HOLD, Balancer, Many, Watcher, held
from tests.aiops_site.running import until
from tests.benchmarks.senate_site import PERSONAS

CAP = Decimal("2.00")
PICO = 10**12
MARK = "Against one cap"
CHATS, SENATES = 8, 4
SENATE, RUNS = "/api/v1/senate/sessions/", "/api/v1/ops/agents/runs/"
OPEN = ("queued", "running", "waiting")
DEAR = "local/fake-dear"  # so that few chats fill the cap: up to 2 % of it each
PERSON = """
import json, sys, django
django.setup()
from decimal import Decimal
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from providers.access.identity import make_token
from providers.models import AIServiceConfig, UserAICap
cheap, dear = {"input": 20, "output": 20}, {"input": 50, "output": 800}
prices = {f"local/fake-{name}": cheap for name in sys.argv[3].split(",")} | {sys.argv[2]: dear}
AIServiceConfig.objects.filter(pk=1).update(model_pricing=prices)
user = get_user_model().objects.create_user("capped")
user.groups.add(Group.objects.get(name="engineer"))
UserAICap.objects.create(user=user, daily_token_cap=10**9, daily_cost_cap_usd=Decimal(sys.argv[1]))
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
print(json.dumps({"pk": user.pk, "token": make_token(user, "capped")[1], "cookie": cookie}))
"""
BOOKS = """
import json, sys, django
django.setup()
from collections import Counter
from providers.ledger.reconcile import reconcile
from providers.models import AIUsageLog, CapDay
rows = AIUsageLog.objects.filter(user_id=int(sys.argv[1]))
days = CapDay.objects.filter(user_id=int(sys.argv[1]))
print(json.dumps({
    "clean": reconcile().clean, "rows": Counter(row.operation for row in rows),
    "spent": str(sum(row.actual_cost_usd for row in rows)), "used": str(sum(day.used_usd for day in days)),
    "held": str(sum(day.reserved_usd for day in days))}))
"""
TAKEN = "SELECT COALESCE(SUM(used_usd + reserved_usd), 0) FROM providers_capday WHERE user_id = {}"


class Watch(threading.Thread):
    """Reads the counters all the time, past the site: what is used and held together, in pico-dollars."""

    def __init__(self, env: dict[str, str], user_id: int) -> None:
        super().__init__(daemon=True)
        self._read, self._over = _reader(env, TAKEN.format(user_id)), threading.Event()
        self.looks, self.highest = 0, 0

    def run(self) -> None:
        read = self._read()
        while not self._over.wait(0.01):
            self.looks, self.highest = self.looks + 1, max(self.highest, read())

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def _reader(env: dict[str, str], sql: str) -> Callable[[], Callable[[], int]]:
    """What opens a connection (in the thread that will use it) and gives the question on it."""

    def begin() -> Callable[[], int]:
        if url := env.get("DATABASE_URL"):
            connection: Any = psycopg.connect(url, autocommit=True)
        else:
            connection = sqlite3.connect(f"file:{Path(env['DATA_DIR']) / 'console.sqlite3'}?mode=ro", uri=True)
        return lambda: int(connection.execute(sql).fetchone()[0])

    return begin


class Spender:
    """The person's requests. `answers`: how many of each kind were answered with which status."""

    def __init__(self, site: Many, person: dict[str, Any]) -> None:
        self._person, self._lock = person, threading.Lock()
        self._balancer = Balancer([site.parts["web-0"].port, site.parts["web-1"].port])
        self.answers: Counter[tuple[str, int]] = Counter()
        self.nobody_else = threading.Event()

    def ask(self, kind: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Token {self._person['token']}", "Content-Type": "application/json"}
        method = "POST" if body else "GET"
        status, _, said = self._balancer.ask(method, path, json.dumps(body) if body else None, **headers)
        assert status in (200, 201, 202) or (status == 429 and b"ap exceeded" in said), (
            f"{kind} {status}: {said!r}"
        )
        with self._lock:
            self.answers[kind, status] += 1
        return status, said

    def chat(self, words: str, stream: bool = False) -> int:
        said = [{"role": "user", "content": f"{MARK}: {words}"}]
        wish = {"model": DEAR, "messages": said, "max_tokens": 40, "stream": stream}
        return self.ask("chat", "/api/v1/ai/chat/completions", wish)[0]

    def senate(self, words: str) -> str | None:
        """Where it can be read; None where the cap had no room for it."""
        status, said = self.ask("senate", SENATE, {"question": f"{MARK}: {words}"})
        return None if status == 429 else f"{SENATE}{json.loads(said)['id']}/"

    def run(self, words: str) -> str:
        return f"{RUNS}{json.loads(self.ask('run', RUNS, {'question': f'{MARK}: {words}'})[1])['id']}/"

    def state(self, path: str) -> str:
        return str(json.loads(self.ask("look", path)[1])["state"])

    def fill(self, number: int) -> None:
        """Chats, every second one a stream, until one is refused though nobody else spends any more."""
        for turn in itertools.count():
            alone = self.nobody_else.is_set()
            if self.chat(f"chat {number}, {turn}", stream=bool(turn % 2)) == 429:
                if alone:
                    return
                self.nobody_else.wait(0.1)


def holds_one_cap(site: Many) -> dict[str, Any]:
    """Spends it all, and judges; what was seen, for who wants to print it."""
    person = json.loads(site.run(PERSON, str(CAP), DEAR, ",".join(PERSONAS)))
    spender, ports = Spender(site, person), [site.parts[f"web-{n}"].port for n in (0, 1)]
    with Watch(site.env, person["pk"]) as watch, ThreadPoolExecutor(CHATS + SENATES + 1) as pool:
        first, run = spender.senate(HOLD), spender.run(HOLD)
        assert first
        stream = pool.submit(spender.chat, HOLD, stream=True)
        until(lambda: held(site) == len(PERSONAS) + 2, "a deliberation, a run and a stream that are held half-way")
        watcher = Watcher(ports, int(first.rstrip("/").rpartition("/")[2]), person["cookie"])
        watcher.start()
        others = [pool.submit(spender.senate, f"senate {number}") for number in range(SENATES)]
        chats = [pool.submit(spender.fill, number) for number in range(CHATS)]
        until(lambda: spender.answers["chat", 429] >= CHATS, "a full cap, of which three hold a part")
        site.upstream.release()
        begun = [first, run, *(path for other in others if (path := other.result()))]
        until(lambda: all(spender.state(path) not in OPEN for path in begun), "the end of all that was begun")
        spender.nobody_else.set()
        for chat in chats:
            chat.result()
        assert stream.result() == 200
    site.upstream.hold_again()
    assert [spender.state(path) for path in begun if path != run] == ["done"] * (len(begun) - 1)
    watcher.join(60)
    assert watcher.ended and watcher.numbers == list(range(1, len(watcher.numbers) + 1))
    return judged(site, person["pk"], watch, spender)


def judged(site: Many, user_id: int, watch: Watch, spender: Spender) -> dict[str, Any]:
    books = json.loads(site.run(BOOKS, str(user_id)))
    calls = [call for call in site.upstream.calls if MARK in json.dumps(call.body)]
    assert books["clean"] and Decimal(books["held"]) == 0
    assert watch.looks and watch.highest <= CAP * PICO
    assert CAP * 95 / 100 <= Decimal(books["used"]) <= CAP
    assert Decimal(books["used"]) == Decimal(books["spent"])
    assert sum(books["rows"].values()) == len(calls), "one row for each call"
    assert {"chat", "agent"} <= books["rows"].keys() and any(name.startswith("senate.") for name in books["rows"])
    answers = {f"{kind} {status}": many for (kind, status), many in sorted(spender.answers.items())}
    return {**books, "answers": answers, "looks": watch.looks, "highest_usd": watch.highest / PICO}
