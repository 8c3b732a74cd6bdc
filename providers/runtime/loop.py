"""One long-lived asyncio loop per process, and the way in for code that is not async.

HTTP clients are bound to the loop they were made on, so every upstream call of a process runs on this
one: the ASGI server's loop where there is one (`adopt`), else a loop in a thread of its own.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_adopted: asyncio.AbstractEventLoop | None = None
_own: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None
_closers: list[Callable[[], Coroutine[Any, Any, None]]] = []


def adopt(loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Names the ASGI server's loop as the process's loop; without an argument the running one."""
    global _adopted
    _adopted = loop or asyncio.get_running_loop()


def current() -> asyncio.AbstractEventLoop:
    """The process's loop; starts one in a thread where none runs."""
    global _own, _thread
    if _adopted is not None and _adopted.is_running():
        return _adopted
    with _lock:
        if _own is None or not _own.is_running():
            _own = asyncio.new_event_loop()
            started = threading.Event()
            _own.call_soon(started.set)
            _thread = threading.Thread(target=_own.run_forever, name="providers-loop", daemon=True)
            _thread.start()
            started.wait()
        return _own


def spawn(coro: Coroutine[Any, Any, T]) -> "Future[T]":
    """Starts the coroutine on the process's loop and returns at once; cancelling the future cancels it."""
    return asyncio.run_coroutine_threadsafe(coro, current())


def run(coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
    """Runs the coroutine on the process's loop and waits for its result, at most `timeout` seconds.

    Raises `TimeoutError` (the coroutine is then cancelled), and `RuntimeError` when called from a
    thread whose own event loop is running: that loop would stand still; await there instead.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        coro.close()
        raise RuntimeError("This blocks the event loop that is running here. Await the coroutine instead.")
    future = spawn(coro)
    try:
        return future.result(timeout)
    except BaseException:
        future.cancel()  # a no-op where the coroutine itself raised
        raise


def on_stop(closer: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Registers a coroutine function to run on the own loop before it stops (closing clients)."""
    if closer not in _closers:
        _closers.append(closer)


def stop() -> None:
    """Stops the loop of the own thread after its closers; the adopted loop belongs to its server."""
    global _own, _thread
    with _lock:
        own, thread, _own, _thread = _own, _thread, None, None
    if own is None or thread is None or not own.is_running():
        return
    try:
        asyncio.run_coroutine_threadsafe(_wind_down(), own).result(3)
    finally:
        own.call_soon_threadsafe(own.stop)
        thread.join(3)
        if not own.is_running():
            own.close()


async def _wind_down() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for closer in _closers:
        await closer()


def _forget_after_fork() -> None:
    """A forked child has the parent's objects but none of its threads: begin anew."""
    global _adopted, _own, _thread, _lock
    _adopted = _own = _thread = None
    _lock = threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
