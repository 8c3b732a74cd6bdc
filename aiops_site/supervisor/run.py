"""The supervisor: starts every process of the site, watches them, says when it is ready, stops them in order."""

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from django.conf import settings

from aiops_site.operation.heartbeat import HEART
from aiops_site.supervisor import address
from aiops_site.supervisor.child import Child
from aiops_site.supervisor.output import Output, say
from aiops_site.supervisor.redis_server import Redis, find

ALONE = ["--without-mingle", "--without-gossip"]  # a second of talk with other workers that nothing here uses
CELERY = ["-m", "celery", "-A", "aiops_site"]
COMMANDS = {
    "web": ["-m", "aiops_site.supervisor.web"],
    "worker": [*CELERY, "worker", "-P", "threads", "-c", "4", "-Q", "work", "-n", "worker@%h", *ALONE],
    "senate": [*CELERY, "worker", "-P", "threads", "-c", "4", "-Q", "deliberations", "-n", "senate@%h", *ALONE],
    "beat": [*CELERY, "beat"],
}
TICK = 0.1  # seconds between two looks
GRACE = 12.0  # seconds until a process that was asked to stop is killed; longer than the web process drains
SLOW_START = 30.0  # seconds after which a start that is not ready says what is missing


class Supervisor:
    """`on_ready` is called once when the site answers; `each_second` about every second from then on."""

    def __init__(self, on_ready: Callable[[], None], each_second: Callable[[], None], verbose: bool) -> None:
        self.on_ready, self.each_second = on_ready, each_second
        self.verbose = verbose
        self.redis: Redis = find(settings.REDIS_URL, settings.DATA_DIR / "redis")
        self.lifeline, self._held = os.pipe()  # the write end is never inherited: it closes with this process
        self.children = self._plan()
        self.stops = 0  # how often we were asked to stop
        self.missing: list[str] = ["web: no answer yet"]

    def run(self) -> None:
        """Returns when it was asked to stop (Ctrl-C, TERM or a closed terminal) and every process has ended."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            for child in self.children:
                child.start()
            self._until_ready()
            self._watch()
        finally:
            self._stop()

    def _plan(self) -> list[Child]:
        """Redis first: it is started first and stopped last."""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if self.redis.url:
            environment["REDIS_URL"] = self.redis.url
        logs = settings.DATA_DIR / "logs"

        def child(name: str, command: list[str], env: dict[str, str], feed: str = "") -> Child:
            return Child(name, command, env, self.lifeline, Output(name, logs, self.verbose), feed)

        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = [child("redis", list(self.redis.command), plain, self.redis.configuration)]
        site = [child(name, command, {**environment, HEART: name}) for name, command in COMMANDS.items()]
        return (own if self.redis.command else []) + site

    def _until_ready(self) -> None:
        started, told = time.monotonic(), False
        while not self.stops:
            self._look()
            self.missing = not_ready()
            if not self.missing:
                self.on_ready()
                return
            if not told and time.monotonic() - started > SLOW_START:
                told = True
                say(f"Not ready after {SLOW_START:.0f} s. Missing: {'; '.join(self.missing)}")
            time.sleep(TICK)

    def _watch(self) -> None:
        due = 0.0
        while not self.stops:
            self._look()
            if time.monotonic() >= due:
                due = time.monotonic() + 1
                self.each_second()
            time.sleep(TICK)

    def _look(self) -> None:
        for child in self.children:
            child.look(say, time.monotonic())

    def _stop(self) -> None:
        """Asks all to stop, Redis last. A second Ctrl-C, or GRACE seconds, and what is left is killed."""
        redis = [child for child in self.children if child.name == "redis"]
        site = [child for child in self.children if child.name != "redis"]
        asked, deadline, told = self.stops, time.monotonic() + GRACE, time.monotonic() + 2
        for group in (site, redis):
            for child in group:
                child.terminate()
            while any(child.alive() for child in group) and self.stops <= max(asked, 1):
                now = time.monotonic()
                if now > deadline:
                    break
                if now > told:
                    told = deadline + 1
                    say("Waiting for what still runs; Ctrl-C again stops it at once.")
                time.sleep(TICK / 2)
            for child in group:
                child.kill()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stops += 1


def not_ready() -> list[str]:
    """What `/readyz` of the web process reports as missing; empty when all is there."""
    parts = address.readiness(settings.HOST, settings.PORT, settings.ALLOWED_HOSTS)
    if not parts:
        return ["web: no answer yet"]
    return [f"{name}: {part['detail']}" for name, part in parts.items() if not part["ok"]]
