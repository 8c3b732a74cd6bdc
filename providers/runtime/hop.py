"""One hop from the loop to a thread for a plain sync database function, and back."""

import asyncio
import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import close_old_connections, connection, connections

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
THREADS = 8
_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="database")
MOST_AT_ONCE = 200


def close_all() -> None:
    """Closes the connections of every thread of the pool (tests, and before a fork)."""
    waiting = [_pool.submit(connections.close_all) for _ in range(THREADS)]
    for future in waiting:
        future.result(timeout=5)


def open_all() -> None:
    """Opens what each thread of the pool keeps open, before anybody waits for it. Errors: of the database, or
    BrokenBarrierError where the pool has too much to do."""
    all_there = threading.Barrier(THREADS, timeout=10)

    def opened() -> None:
        all_there.wait()  # so that each thread takes one of these
        connection.ensure_connection()

    for future in [_pool.submit(_run, opened) for _ in range(THREADS)]:
        future.result(timeout=20)


def let_go() -> None:
    """Gives up the connections of the calling thread, which is about to end."""
    connections.close_all()


async def hop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `function` in a database thread. The eight threads keep their SQLite connection (opening one
    costs milliseconds); one of PostgreSQL goes back to its pool."""
    return await asyncio.get_running_loop().run_in_executor(_pool, partial(_run, function, *args, **kwargs))


def _run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    keep = connection.vendor == "sqlite"
    try:
        return function(*args, **kwargs)
    finally:
        if not keep:
            close_old_connections()


class Shared(Generic[K, V]):
    """A hop that callers share: who asks while one runs takes part in the next, so nobody is answered by a read
    that had begun before they asked, and two hundred calls at once cost a few hops.

    `function` takes what the callers asked, and gives as many answers in that order; an answer that is an
    exception is raised for its caller alone.
    """

    def __init__(self, function: Callable[[list[K]], list[V | Exception]]) -> None:
        self._function = function
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = WeakKeyDictionary()

    async def __call__(self, asked: K) -> V:
        loop = asyncio.get_running_loop()
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues[loop] = _Queue(self._function)
        return await queue.add(loop, asked)


class _Queue:
    """The callers of one loop. At most one hop runs for them at a time."""

    def __init__(self, function: Callable[[list[Any]], list[Any]]) -> None:
        self._function = function
        self._waiting: list[tuple[Any, asyncio.Future[Any]]] = []
        self._running = False

    def add(self, loop: asyncio.AbstractEventLoop, asked: Any) -> "asyncio.Future[Any]":
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((asked, answer))
        if not self._running:
            self._running = True
            loop.call_soon(self._start, loop)  # so that all who come in this turn of the loop share it
        return answer

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        work = partial(_run, self._function, [asked for asked, _ in batch])
        loop.run_in_executor(_pool, work).add_done_callback(partial(self._deliver, loop, batch))

    def _deliver(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[tuple[Any, "asyncio.Future[Any]"]],
        done: "asyncio.Future[Any]",
    ) -> None:
        if self._waiting:
            self._start(loop)
        else:
            self._running = False
        failed = asyncio.CancelledError() if done.cancelled() else done.exception()
        found = [failed] * len(batch) if failed else done.result()
        for (_, answer), one in zip(batch, found, strict=True):
            if answer.done():
                continue  # its caller has gone
            if isinstance(one, asyncio.CancelledError):
                answer.cancel()
            elif isinstance(one, Exception):
                answer.set_exception(copy.copy(one))  # callers add to their error; it must be their own
            else:
                answer.set_result(one)
