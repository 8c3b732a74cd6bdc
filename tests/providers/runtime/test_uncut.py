"""What is being written is waited for, however often the one who waits is cancelled."""

import asyncio

import pytest

from providers.runtime.uncut import in_hand, uncut


async def test_a_caller_that_is_cancelled_twice_goes_only_after_the_work_is_done():
    done = asyncio.Event()
    waiting = asyncio.ensure_future(uncut(done.wait()))
    for _ in range(2):
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        assert not waiting.done()
    done.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_result_is_given_and_an_error_of_the_work_comes_before_the_cancellation():
    async def fails(gate: asyncio.Event) -> None:
        await gate.wait()
        raise LookupError("not written")

    gate = asyncio.Event()
    waiting = asyncio.ensure_future(uncut(fails(gate)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(LookupError):
        await waiting
    assert await uncut(asyncio.sleep(0, "written")) == "written"


async def test_a_result_is_had_before_the_cancellation_that_came_meanwhile():
    async def takes(gate: asyncio.Event) -> str:
        await gate.wait()
        return "paid"

    async def caller() -> None:
        try:
            async with asyncio.timeout(60) as time:
                had.append(await in_hand(takes(gate)))
                had.append("goes on until it waits")
                await asyncio.sleep(60)
                had.append("never")
        finally:
            had.append(time.expired())

    gate, had = asyncio.Event(), []
    waiting = asyncio.ensure_future(caller())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert had == ["paid", "goes on until it waits", False]


async def test_a_time_that_is_over_meanwhile_is_still_a_time_out():
    done = asyncio.Event()

    async def works() -> str:
        await done.wait()
        return "in time after all"

    had = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as time:
            asyncio.get_running_loop().call_soon(lambda: time.reschedule(0))
            asyncio.get_running_loop().call_later(0.01, done.set)
            had.append(await in_hand(works()))
            await asyncio.sleep(60)
    assert had == ["in time after all"]
