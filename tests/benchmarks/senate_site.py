"""A whole site with five members on a fake upstream whose answers take a set time."""

import asyncio
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.aiops_site.running import ROOT, Site, descendants, until
from tests.fakes.upstream import Call, FakeUpstream

PROPOSE, REVIEW, CHAIR = "propose", "review", "chair"
WORDS = {"You chair a committee": CHAIR, "You are a reviewer": REVIEW}
PERSONAS = ("optimist", "sceptic", "engineer", "cautious", "brief")
USERS = 60
NO_REDIS = "from aiops_site.supervisor import redis_server as r; r._in_wheel = r.shutil.which = lambda *a: ''"
SEED = """
import json, sys, django
django.setup()
from decimal import Decimal
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from providers.access.identity import make_token
from providers.models import AIProviderSettings, AIServiceConfig, UserAICap
saved = AIProviderSettings.get_solo()
saved.local_base_url, saved.local_api_key = sys.argv[1], "sk-bench"
saved.seats = [f"local/fake-{p}" for p in sys.argv[2].split(",")]
saved.save()
AIServiceConfig(daily_cost_limit_usd=Decimal(10**6), monthly_cost_limit_usd=Decimal(10**6)).save()
group, made = Group.objects.get_or_create(name="engineer")[0], []
for number in range(int(sys.argv[3])):
    user = get_user_model().objects.create_user(f"bench-{number}")
    user.groups.add(group)
    UserAICap.objects.create(user=user, daily_token_cap=10**12, daily_cost_cap_usd=Decimal(10**6))
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    made.append([make_token(user, "bench")[1], session.session_key])
print(json.dumps([settings.SESSION_COOKIE_NAME, made]))
"""
READ = """
import json, sys, django
django.setup()
from senate.models import SenateSession
rows = []
for s in SenateSession.objects.filter(pk__in=json.loads(sys.argv[1])).order_by("pk"):
    numbers = list(s.events.order_by("n").values_list("n", flat=True))
    took = (s.finished_at - s.started_at).total_seconds() if s.finished_at and s.started_at else 0
    rows.append({"id": s.pk, "state": s.state, "last_n": s.last_n, "events": len(numbers), "reason": s.reason,
                 "gaps": sum(a != b for a, b in enumerate(numbers, 1)), "elapsed_exact_s": took})
print(json.dumps(rows))
"""
CHECK = """
import django
django.setup()
from tests.senate import invariants
found = invariants.all_sessions()
invariants.check(found)
print(f"I1 to I8 hold for {len(found)} sessions")
"""


class Timed(FakeUpstream):
    """Each call waits as long as its phase's latency says; `taken`: what each call of a phase was given."""

    def __init__(self) -> None:
        super().__init__()
        self.latencies: dict[str, tuple[float, float]] = {}
        self.taken: dict[str, list[float]] = defaultdict(list)
        self._held = asyncio.Event()
        self._held.set()

    async def _answer(self, request: Any, dialect: Any, call: Call) -> Any:
        await self._held.wait()
        asked = str(call.body["messages"][0].get("content", ""))
        phase = next((name for words, name in WORDS.items() if asked.startswith(words)), PROPOSE)
        latency = random.uniform(*self.latencies.get(phase, (0.0, 0.0)))
        self.taken[phase].append(latency)
        await asyncio.sleep(latency)
        return await super()._answer(request, dialect, call)

    def hold_back(self, slow: bool = True) -> None:
        self.set_mode("slow" if slow else "", pause=0.05)
        self._loop.call_soon_threadsafe(self._held.clear)

    def go_on(self) -> None:
        self._loop.call_soon_threadsafe(self._held.set)


class SenateSite:
    """`tokens` and `cookies` of sixty engineers, and one committee of five."""

    def __init__(self, folder: Path, upstream: FakeUpstream, no_redis: bool = False) -> None:
        more = {
            "AI_PRIVATE_HOSTS": upstream.netloc,
            "AI_CHAT_RATE": "1000000/min",
            "SENATE_TIMEOUT_SECONDS": "180",
        }
        self._site, self._upstream = Site(folder, before=NO_REDIS if no_redis else "", **more), upstream
        self.port, self.environment = self._site.port, self._site.environment
        self.supervisor = self._site.process.pid

    def __enter__(self) -> "SenateSite":
        until(lambda: self._site.said("is ready") or self._site.process.poll() is not None, "a ready site", 300)
        if self._site.process.poll() is not None:
            raise SystemExit("\n".join(self._site.lines[-20:]))
        seeds = (self._upstream.openai_url, ",".join(PERSONAS), str(USERS))
        self.cookie_name, rows = json.loads(self.run(SEED, *seeds))
        self.tokens, self.cookies = [row[0] for row in rows], [row[1] for row in rows]
        return self

    def __exit__(self, *_: object) -> None:
        self._site.stop()

    def run(self, code: str, *arguments: str) -> str:
        env = {**self._site.environment, "DJANGO_SETTINGS_MODULE": "aiops_site.settings"}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, env=env, capture_output=True, text=True
        )
        if done.returncode:
            return f"FAILED: {done.stderr.strip().splitlines()[-1]}"
        return done.stdout.strip().splitlines()[-1]

    def ask(self, number: int = 0) -> int:
        """The id of a new session; asked again while the site is away."""
        body = json.dumps({"question": f"Roll back or raise the pool size? ({number})"})
        headers = {"Authorization": f"Token {self.tokens[number % USERS]}", "Content-Type": "application/json"}
        return int(self._request("POST", "/api/v1/senate/sessions/", body, headers)["id"])

    def cancel(self, session: int) -> None:
        headers = {"Authorization": f"Token {self.tokens[0]}", "Content-Type": "application/json"}
        self._request("POST", f"/api/v1/senate/sessions/{session}/cancel/", "{}", headers)

    def events(self, session: int, after: int) -> dict[str, Any]:
        path = f"/api/v1/senate/sessions/{session}/events/?after={after}"
        return self._request("GET", path, None, {"Authorization": f"Token {self.tokens[0]}"})

    def _request(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> dict[str, Any]:
        end = time.monotonic() + 60
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                said = answer.read()
                if answer.status < 300:
                    return dict(json.loads(said))
                reason = f"{answer.status} {said[:300]!r}"
            except (OSError, http.client.HTTPException) as error:
                reason = repr(error)
            if time.monotonic() > end:
                raise SystemExit(f"{method} {path}: {reason}")
            time.sleep(0.3)

    def until_ended(self, sessions: list[int], seconds: float = 120) -> list[dict[str, Any]]:
        end = time.monotonic() + seconds
        while True:
            rows: list[dict[str, Any]] = json.loads(self.run(READ, json.dumps(sessions)))
            if all(row["state"] not in ("queued", "running") for row in rows):
                return rows
            if time.monotonic() > end:
                raise SystemExit(
                    f"not ended in {seconds:.0f} s: {[r for r in rows if r['state'] in ('queued', 'running')]}"
                )
            time.sleep(0.3)

    def follow(self, session: int, numbers: list[int]) -> threading.Thread:
        """A viewer over SSE that connects again with its last number, until the session has ended."""

        def read() -> None:
            while True:
                try:
                    if self._streamed(session, numbers):
                        return
                except (OSError, http.client.HTTPException, ValueError):
                    time.sleep(0.3)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def _streamed(self, session: int, numbers: list[int]) -> bool:
        headers = {"Authorization": f"Token {self.tokens[0]}"}
        headers |= {"Last-Event-ID": str(numbers[-1])} if numbers else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", f"/api/v1/senate/sessions/{session}/stream/", headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(answer.status)
        for line in answer:
            if line.startswith(b"id: "):
                numbers.append(int(line[4:]))
            elif line.startswith(b"event: end"):
                return True
        return False

    def pid(self, text: str) -> int:
        """The last process of the site whose command line has this text (not its lifeline)."""

        def found() -> list[int]:
            rows = descendants(self._site.process.pid).items()
            return [pid for pid, args in rows if text in args and "lifeline" not in args] or [
                pid for pid, args in rows if text in args
            ]

        return max(until(found, f"a process with {text!r}"))

    def memory_mb(self, text: str) -> float:
        status = Path(f"/proc/{self.pid(text)}/status").read_text()
        return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)

    def cpu_s(self, text: str) -> float:
        """User and system time of that process so far."""
        fields = Path(f"/proc/{self.pid(text)}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def check(self) -> str:
        """The invariants, read from the site's own database."""
        env_path = os.environ.get("PYTHONPATH", "")
        self._site.environment.setdefault("PYTHONPATH", f"{ROOT}:{env_path}")
        return self.run(CHECK)
