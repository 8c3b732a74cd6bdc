"""The process's one loop, and the way in for callers that are not async."""

import asyncio
import os
import threading

import pytest

from providers.runtime import loop


async def where():
    return asyncio.get_running_loop(), threading.current_thread().name


def test_every_caller_shares_one_loop_in_one_thread():
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(loop.run(where()))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 1 and seen[0][1] == "providers-loop"


def test_an_error_reaches_the_caller():
    async def fails():
        raise ValueError("as it is")

    with pytest.raises(ValueError, match="as it is"):
        loop.run(fails())


def test_a_time_out_cancels_the_work():
    cancelled = threading.Event()

    async def forever():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError):
        loop.run(forever(), timeout=0.05)
    assert cancelled.wait(30)


async def test_blocking_a_running_loop_is_refused_at_once():
    with pytest.raises(RuntimeError, match="Await the coroutine instead"):
        loop.run(where())


async def test_an_adopted_loop_does_the_work_of_threads():
    loop.adopt()
    try:
        ran_on, _ = await asyncio.to_thread(loop.run, where())
        assert ran_on is asyncio.get_running_loop()
    finally:
        loop._adopted = None


async def test_spawn_returns_at_once_and_can_be_cancelled():
    started, ended = threading.Event(), threading.Event()

    async def forever():
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    future = loop.spawn(forever())
    assert await asyncio.to_thread(started.wait, 2)
    future.cancel()
    assert await asyncio.to_thread(ended.wait, 2)


@pytest.mark.filterwarnings("ignore:This process")
def test_a_forked_child_gets_a_loop_of_its_own():
    loop.run(where())
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # only the forking thread lives on here: the parent's loop would never answer
        os.write(write, loop.run(where(), timeout=30)[1].encode())
        os._exit(0)
    os.close(write)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(read, 100) == b"providers-loop"
    os.close(read)


def test_stopping_runs_the_closers_and_the_next_call_starts_anew():
    closed = []

    async def closer():
        closed.append(asyncio.get_running_loop())

    first, _ = loop.run(where())
    loop.on_stop(closer)
    try:
        loop.stop()
    finally:
        loop._closers.remove(closer)
    assert closed == [first] and first.is_closed()
    assert loop.run(where())[0] is not first
