"""What is being written is waited for, however often the one who waits is cancelled."""

import asyncio

import pytest

from providers.uncut import uncut


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
