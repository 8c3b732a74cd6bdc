"""Answers of the writer's thread reach the loops that wait for them, in one wake-up, and only those."""

import asyncio
import gc
import threading
import weakref
from concurrent.futures import Future
from typing import Any

import pytest

from providers.ledger import answers
from providers.ledger.answers import answered


async def asked(count: int) -> tuple[list[Future[Any]], list[asyncio.Task[Any]]]:
    futures: list[Future[Any]] = [Future() for _ in range(count)]
    tasks = [asyncio.ensure_future(answered(future)) for future in futures]
    await asyncio.sleep(0)
    return futures, tasks


def in_a_thread(work) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def test_every_waiter_gets_its_own_answer_in_one_wake_up(monkeypatch):
    loop, wakes = asyncio.get_running_loop(), []
    wake = loop.call_soon_threadsafe
    monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *what: (wakes.append(what), wake(*what)))
    futures, tasks = await asked(100)
    in_a_thread(lambda: [future.set_result(number) for number, future in enumerate(futures)])
    assert await asyncio.gather(*tasks) == list(range(100))
    assert len(wakes) == 1


async def test_an_error_is_raised_where_it_was_waited_for():
    futures, tasks = await asked(2)
    in_a_thread(lambda: (futures[0].set_exception(KeyError("no")), futures[1].set_result("yes")))
    with pytest.raises(KeyError):
        await tasks[0]
    assert await tasks[1] == "yes"


async def test_a_cancelled_waiter_leaves_the_work_and_the_others_alone():
    futures, tasks = await asked(2)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert not futures[0].cancelled()
    in_a_thread(lambda: [future.set_result("written") for future in futures])
    assert await tasks[1] == "written"


def test_an_answer_for_a_loop_that_ended_is_dropped_and_the_loop_can_go():
    late: list[Future[Any]] = []

    async def give_up() -> weakref.ref[asyncio.AbstractEventLoop]:
        futures, tasks = await asked(1)
        late.extend(futures)
        tasks[0].cancel()
        return weakref.ref(asyncio.get_running_loop())

    loop = asyncio.run(give_up())
    in_a_thread(lambda: late[0].set_result("written"))
    late.clear()
    gc.collect()
    assert loop() is None
    assert all(not box._posts for box in answers._mailboxes.values())


async def test_waiters_in_two_loops_are_both_answered():
    other: Future[Any] = Future()
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.append(asyncio.run(answered(other))))
    thread.start()
    futures, tasks = await asked(1)
    in_a_thread(lambda: (futures[0].set_result("here"), other.set_result("there")))
    assert await tasks[0] == "here"
    thread.join(10)
    assert seen == ["there"]
