"""A real site for tests: `manage.py up` in processes of its own, on a free port, with data of its own."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from aiops_site.supervisor.redis_server import free_port

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0  # seconds; a busy machine is slow, a hang is a failure
START = (
    240.0  # the same for a whole start, with its migrations and processes: 8 s alone, 57 at five times the load
)


def until(true: Callable[[], Any], what: str, seconds: float = DEADLINE) -> Any:
    """The first true answer; fails with `what` when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < end, f"Not seen in {seconds:.0f} s: {what}"
        time.sleep(0.05)
    return answer


def environment(data: Path, **more: str) -> dict[str, str]:
    """What a start needs and nothing of this machine: no `.env`, no provider key."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(data),
        "ENV_FILE": "",
        "SECRET_KEY": "tests-only-" + "x" * 50,
        "AI_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "DATA_DIR": str(data),
        "PORT": str(free_port()),
        **more,
    }


class Site:
    """One `up` of the code in `tree`. `lines` is what its terminal shows."""

    def __init__(self, data: Path, *, before: str = "", tree: Path = ROOT, **more: str) -> None:
        self.environment = environment(data, **more)
        self.port = int(self.environment["PORT"])
        code = f"import sys; sys.argv = ['manage.py', 'up']\n{before}\nimport manage; manage.main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, text: str) -> list[str]:
        return [line for line in self.lines if text in line]

    def until_ready(self) -> "Site":
        until(lambda: self.said("is ready") or self.process.poll() is not None, "the line with the address", START)
        assert self.process.poll() is None, self.lines
        return self

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse()

    def readiness(self) -> dict[str, Any]:
        return json.loads(self.get("/readyz").read())

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=DEADLINE)


def living() -> dict[int, tuple[int, str]]:
    """Every process that is no zombie: its number, its parent's, its command line."""
    table = subprocess.check_output(["ps", "-ww", "-eo", "pid=,ppid=,stat=,args="], text=True)
    rows = [line.split(None, 3) for line in table.splitlines()]
    return {int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and row[2][0] != "Z"}


def descendants(of: int) -> dict[int, str]:
    """The processes under this one, by number: their command lines."""
    processes, found, parents = living(), {}, {of}
    while parents:
        below = {pid: args for pid, (parent, args) in processes.items() if parent in parents}
        found |= below
        parents = set(below)
    return found
