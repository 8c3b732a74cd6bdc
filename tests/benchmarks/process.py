"""A process that is measured: its CPU seconds and its memory, from /proc (Linux)."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """A child of the benchmark, ended with it."""

    name: str
    running: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pids(self) -> list[int]:
        """It and all that it started."""
        found, look = [], [self.running.pid]
        while look:
            pid = look.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                look += [int(child) for child in task.read_text().split()]
        return found

    def cpu_s(self) -> float:
        """User and system time so far, of all threads."""
        total = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory_mb(self) -> float:
        """Resident memory (RSS)."""
        kilobytes = 0
        for pid in self.pids:
            status = Path(f"/proc/{pid}/status").read_text()
            kilobytes += int(status.split("VmRSS:")[1].split()[0])
        return round(kilobytes / 1024, 1)

    def stop(self) -> None:
        if self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
            try:
                self.running.wait(15)
            except subprocess.TimeoutExpired:
                self.running.kill()
                self.running.wait()


def start(name: str, command: list[str], env: dict[str, str], folder: Path, cwd: Path) -> Process:
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        running = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT, cwd=cwd)
    return Process(name, running, log)


def wait_until(process: Process, ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Until it answers; SystemExit with the end of its log where it doesn't."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.running.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{process.name} did not start:\n{process.log.read_text()[-2000:]}")
        time.sleep(0.1)


def answers(url: str) -> Callable[[], bool]:
    def look() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status < 500
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return look
