"""One process of the site: started, its output read, started again with back-off when it dies, stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiops_site.supervisor.output import Output

ROOT = Path(__file__).resolve().parents[2]
LIFELINE = str(Path(__file__).with_name("lifeline.py"))
LONGEST_PAUSE = 30.0  # seconds
HEALTHY_AFTER = 60.0  # seconds of life after which the next death counts as the first


@dataclass
class Child:
    """`command` is a program with its arguments, or `-m` and a Python module with its arguments."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    lifeline: int
    output: Output
    # Text for its standard input: a configuration that must not stand in the process list.
    feed: str = field(default="", repr=False)
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0
    _reader: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """In a session of its own, so that Ctrl-C reaches only the supervisor, which stops all in order."""
        self.process = subprocess.Popen(
            [sys.executable, LIFELINE, str(self.lifeline), *self.command],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE if self.feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[self.lifeline],
            start_new_session=True,
        )
        self.started_at = time.monotonic()
        self._reader = threading.Thread(target=self.output.follow, args=(self.process.stdout,), daemon=True)
        self._reader.start()
        if self.feed and self.process.stdin:
            with contextlib.suppress(BrokenPipeError):  # it died at once: look() tells
                self.process.stdin.write(self.feed.encode())
                self.process.stdin.close()

    def look(self, say: Callable[[str], None], now: float) -> None:
        """Notices a death, and starts the process again when its pause is over."""
        if self.process is None:
            if now >= self.start_again_at:
                self.start()
            return
        status = self.process.poll()
        if status is None:
            return
        self.kill()  # what it may have left behind in its session
        if now - self.started_at > HEALTHY_AFTER:
            self.failures = 0
        pause = min(LONGEST_PAUSE, 2.0**self.failures)
        self.failures += 1
        self.process, self.start_again_at = None, now + pause
        say(f"{self.name} stopped ({_reason(status)}). Starting it again in {pause:.0f} s.")
        for line in self.output.last_words():
            say(f"  {line}")

    def terminate(self) -> None:
        if self.alive():
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends everything in its session, hard. Harmless when nothing is left."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a dead group
                os.killpg(self.process.pid, signal.SIGKILL)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


def _reason(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
