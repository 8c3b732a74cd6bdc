"""The threads that Django's requests run on: used again, so that each keeps its connection to the database.

Django gives every request a thread of its own and lets it end; on SQLite a new connection then reads the whole
schema first. Here a request borrows a thread that is idle, or a new one: none ever waits for another's.
"""

from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager

from asgiref.sync import ThreadSensitiveContext

KEPT = 16  # idle ones; further ones end with their request
_idle: list[ThreadPoolExecutor] = []


@asynccontextmanager
async def borrowed() -> AsyncIterator[None]:
    """Everything synchronous inside runs on one thread, which nobody else has meanwhile."""
    thread = _idle.pop() if _idle else ThreadPoolExecutor(1, thread_name_prefix="request")
    try:
        async with ThreadSensitiveContext(executor=thread):
            yield
    finally:
        _give_back(thread)


def _give_back(thread: ThreadPoolExecutor) -> None:
    """Once it has done all that it was given, also what nobody waits for any more."""

    def idle(_: Future[None]) -> None:
        if len(_idle) < KEPT:
            _idle.append(thread)
        else:
            thread.shutdown(wait=False)

    thread.submit(_nothing).add_done_callback(idle)


def _nothing() -> None:
    """The last in its queue."""
