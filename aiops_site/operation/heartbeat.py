"""A sign of life of worker and beat, kept where their messages are: in Redis, else beside the message files."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

HEART = "WORKER_NAME"  # in the environment of a worker: whose heart beats in it
EVERY, STALE_AFTER = 5.0, 20.0  # seconds
ANSWER_S = 2.0
logger = logging.getLogger(__name__)


def beat(name: str) -> None:
    """Says that `name` is alive now. Errors: redis.RedisError, OSError."""
    if settings.REDIS_URL:
        client(settings.REDIS_URL).set(_key(name), str(time.time()), ex=int(STALE_AFTER * 3))
        return
    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path)


def ages(names: Sequence[str]) -> dict[str, float | None]:
    """Seconds since each last said that it is alive, None where it never did: one exchange with Redis, which may
    be slow. Errors as in `beat`."""
    if settings.REDIS_URL:
        said = client(settings.REDIS_URL).mget([_key(name) for name in names])
        now = time.time()
        return {
            name: None if at is None else max(0.0, now - float(at)) for name, at in zip(names, said, strict=True)
        }
    return {name: _file_age(name) for name in names}


def _file_age(name: str) -> float | None:
    try:
        return abs(time.time() - _file(name).stat().st_mtime)  # one to come is from before the clock was set back
    except FileNotFoundError:
        return None


def forget(name: str) -> None:
    """After a clean stop, so that the next start waits for the new process. Errors as in `beat`."""
    if settings.REDIS_URL:
        client(settings.REDIS_URL).delete(_key(name))
    else:
        _file(name).unlink(missing_ok=True)


def attempt(act: Callable[[str], None], name: str) -> None:
    """`beat` or `forget` from a process that must go on without Redis, and say so."""
    try:
        act(name)
    except (redis.RedisError, OSError) as error:
        logger.warning("The heartbeat of %s could not be written: %s", name, type(error).__name__)


def keep_beating(name: str) -> threading.Event:
    """Beats from a thread until the event that is returned is set."""
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            attempt(beat, name)
            stopped.wait(EVERY)

    threading.Thread(target=run, name=f"heartbeat-{name}", daemon=True).start()
    return stopped


@lru_cache(maxsize=4)
def client(url: str) -> redis.Redis:
    """One that keeps its connections: a new one is four exchanges, which takes seconds where Redis is slow.
    What was cut is asked again, what did not answer in time is not."""
    again = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    waits = {"socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S, "retry": again}
    return redis.Redis.from_url(url, **waits)


def _key(name: str) -> str:
    return f"aiops:heartbeat:{name}"


def _file(name: str) -> Path:
    return settings.QUEUE_DIR / f"heartbeat-{name}"
