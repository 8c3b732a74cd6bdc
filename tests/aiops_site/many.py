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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiops_site.supervisor.redis_server import free_port
from aiops_site.supervisor.run import ALONE, CELERY
from tests import postgres, redis_server
from tests.aiops_site.running import DEADLINE, ROOT, START, environment, until
from tests.fakes.upstream import FakeUpstream

QUEUES = ["-Q", "work,deliberations"]
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
    """`parts` by name: web-0, web-1, worker-0, worker-1, beat-0, beat-1."""

    env: dict[str, str] = field(repr=False)
    upstream: FakeUpstream
    parts: dict[str, Part] = field(default_factory=dict)

    def start(self, kind: str, number: int, folder: Path) -> None:
        name = f"{kind}-{number}"
        data = folder / name
        data.mkdir()
        port = free_port() if kind == "web" else 0
        env = {**self.env, "DATA_DIR": str(data), "PORT": str(port), "WORKER_NAME": HEARTS[number]}
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


@contextmanager
def site(
    folder: Path, migrated: Path, upstream: FakeUpstream, prepare: str, *arguments: str
) -> Iterator[tuple[Many, str]]:
    """Two of each kind, ready, on a copy of the database `migrated`, and what `prepare` printed there. LookupError
    where Redis can't be had."""
    with postgres.server(migrated) as database, redis_server.server() as messages:
        home = folder / "prepare"
        home.mkdir()
        more = {"AI_PRIVATE_HOSTS": upstream.netloc, "AI_CHAT_RATE": "1000000/min", "LOG_LEVEL": "INFO"}
        many = Many(environment(home, DATABASE_URL=database, REDIS_URL=messages, **more), upstream)
        printed = many.run(f"import django; django.setup()\n{prepare}", *arguments)
        try:
            for kind, number in itertools.product(COMMANDS, range(2)):
                many.start(kind, number, folder)
            many.until_ready()
            yield many, printed
        finally:
            many.stop()
