"""The site as docs/deploy starts it on several machines: each process alone, with a DATA_DIR of its own, on one
PostgreSQL and one Redis; and a client that stands for the proxy in front of the web processes.
"""

import http.client
import itertools
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from aiops_site.supervisor.redis_server import free_port
from aiops_site.supervisor.run import ALONE, CELERY
from tests import postgres, redis_server
from tests.aiops_site.running import DEADLINE, ROOT, START, environment, until
from tests.fakes.upstream import FakeUpstream

QUEUES = ["-Q", "work,deliberations"]
HOLD, REFUSE = "Hold this one", "Refuse this one"  # questions whose calls wait for `release`, or fail
MIGRATE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
HEARTS = ("worker", "senate")  # whose heart beats in the first and in the second worker
COMMANDS = {
    "web": ["-m", "aiops_site.supervisor.web"],
    "worker": [*CELERY, "worker", "-P", "threads", "-c", "4", *QUEUES, *ALONE],
    "beat": [*CELERY, "beat"],
}


@dataclass
class Part:
    """One process. `log`: every line that it has written."""

    name: str
    port: int
    log: Path
    process: "subprocess.Popen[bytes]"

    def said(self) -> list[dict[str, Any]]:
        """Its lines that are JSON."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def has_said(self, text: str) -> bool:
        return text in self.log.read_text("utf-8", "replace")

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def readiness(self) -> dict[str, Any]:
        _, _, body = exchange(self.port, "GET", "/readyz")
        return dict(json.loads(body))

    def answers(self) -> bool:
        try:
            return exchange(self.port, "GET", "/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return False


@dataclass
class Many:
    """`parts` by name: web-0, web-1, worker-0, worker-1, beat-0, beat-1. `apart`: a DATA_DIR each."""

    env: dict[str, str] = field(repr=False)
    upstream: FakeUpstream
    apart: bool = True
    parts: dict[str, Part] = field(default_factory=dict)

    def start(self, kind: str, number: int, folder: Path) -> None:
        name = f"{kind}-{number}"
        data = folder / name
        data.mkdir()
        port = free_port() if kind == "web" else 0
        env = {**self.env, "PORT": str(port), "WORKER_NAME": HEARTS[number]}
        env |= {"DATA_DIR": str(data)} if self.apart else {}
        command = [sys.executable, *COMMANDS[kind], *(["-n", f"{name}@%h"] if kind == "worker" else [])]
        log = data / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
        self.parts[name] = Part(name, port, log, process)

    def run(self, code: str, *arguments: str) -> str:
        """The last line that a piece of code prints in the site's environment."""
        env = {**self.env, "DJANGO_SETTINGS_MODULE": "aiops_site.settings"}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip().splitlines()[-1]

    def until_ready(self) -> None:
        for part in (self.parts["web-0"], self.parts["web-1"]):
            until(part.answers, f"{part.name} answers", START)
            until(lambda part=part: part.readiness()["status"] == "ok", f"{part.name} is ready", START)
        for part in (self.parts["worker-0"], self.parts["worker-1"]):
            until(lambda part=part: part.has_said("ready."), f"{part.name} takes messages", START)

    def stop(self) -> None:
        """The ends of the logs are printed, which is seen where a test has failed."""
        for part in self.parts.values():
            print(part.name, "\n".join(part.log.read_text("utf-8", "replace").splitlines()[-12:]), sep="\n")
        running = [part.process for part in self.parts.values() if part.process.poll() is None]
        for process in running:
            process.kill()
            process.wait(DEADLINE)


def exchange(
    port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """(status, headers with small names, body) of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


class Balancer:
    """Web processes in turns; who takes no connection, or says that it restarts, is passed over, as a proxy does.
    An answer that has begun and breaks off is an error."""

    def __init__(self, ports: list[int]) -> None:
        self._ports, self._turns, self._lock = ports, itertools.count(), threading.Lock()
        self.passed_over = 0

    def ask(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            turn = next(self._turns)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        for attempt in range(2 * len(self._ports)):
            port = self._ports[(turn + attempt) % len(self._ports)]
            try:
                found = exchange(port, method, path, body, sent)
            except (ConnectionRefusedError, ConnectionResetError):  # before a status came
                self.passed_over += 1
                continue
            if found[0] != 503 or b"restarting" not in found[2]:
                return found
            self.passed_over += 1
        raise AssertionError(f"No web process took {method} {path}")


class Watcher(threading.Thread):
    """A live page: a socket on one web process, which comes back on another with the last number that it saw."""

    def __init__(self, ports: list[int], session: int, cookie: str) -> None:
        super().__init__(daemon=True)
        self._ports, self.session, self._cookie = ports, session, cookie
        self.numbers: list[int] = []
        self.came_back, self.ended = 0, False

    def run(self) -> None:
        while not self.ended:
            try:
                self._watch(self._ports[self.came_back % len(self._ports)])
            except (OSError, ConnectionClosed):
                self.came_back += 1

    def _watch(self, port: int) -> None:
        after = self.numbers[-1] if self.numbers else 0
        address = f"ws://127.0.0.1:{port}/ws/senate/{self.session}/?after={after}"
        headers = {"Cookie": self._cookie}
        with connect(address, additional_headers=headers, origin=f"http://127.0.0.1:{port}") as socket:
            for message in socket:
                said = json.loads(message)
                if "n" in said:
                    self.numbers.append(said["n"])
                    self.ended = said["type"] in ("session.done", "session.failed", "session.cancelled")


def mode_of(body: Any, model: str) -> str | None:
    words = json.dumps(body)
    return "hold" if HOLD in words else "400" if REFUSE in words else None


def held(many: Many) -> int:
    """Upstream calls that wait for `release`."""
    return sum(call.outcome == "open" and HOLD in json.dumps(call.body) for call in many.upstream.calls)


@contextmanager
def site(
    folder: Path, migrated: Path | None, upstream: FakeUpstream, prepare: str, *arguments: str
) -> Iterator[tuple[Many, str]]:
    """Two of each kind, ready, on a copy of the database `migrated` (None: a new one), and what `prepare` printed
    there. LookupError where Redis can't be had."""
    with postgres.server(migrated) as database, redis_server.server() as messages:
        home = folder / "prepare"
        home.mkdir()
        many = Many(_environment(home, upstream, DATABASE_URL=database, REDIS_URL=messages), upstream)
        printed = many.run(prepare if migrated else MIGRATE + prepare, *arguments)
        with _started(many, itertools.product(COMMANDS, range(2)), folder):
            yield many, printed


@contextmanager
def one_machine(data: Path, upstream: FakeUpstream, prepare: str, *arguments: str) -> Iterator[tuple[Many, str]]:
    """Two web processes, two workers and a beat on the SQLite of one DATA_DIR. LookupError without Redis."""
    with redis_server.server() as messages:
        many = Many(_environment(data, upstream, REDIS_URL=messages), upstream, apart=False)
        printed = many.run(MIGRATE + prepare, *arguments)
        with _started(many, [*itertools.product(("web", "worker"), range(2)), ("beat", 0)], data):
            yield many, printed


def _environment(data: Path, upstream: FakeUpstream, **more: str) -> dict[str, str]:
    given = {"AI_PRIVATE_HOSTS": upstream.netloc, "AI_CHAT_RATE": "1000000/min", "LOG_LEVEL": "INFO"}
    return environment(data, **given, **more)


@contextmanager
def _started(many: Many, parts: Iterable[tuple[str, int]], folder: Path) -> Iterator[None]:
    many.upstream.choose(mode_of)
    try:
        for kind, number in parts:
            many.start(kind, number, folder)
        many.until_ready()
        yield
    finally:
        many.stop()
