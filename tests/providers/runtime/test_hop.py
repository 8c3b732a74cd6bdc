"""The shared hop: few threads' work for many callers, and nobody gets what was read before they asked."""

import asyncio
import threading

import pytest

from providers.exceptions import InvalidInput
from providers.runtime.hop import Shared


async def test_callers_at_the_same_time_share_one_hop_and_each_gets_its_own_answer() -> None:
    batches: list[list[int]] = []
    shared = Shared(lambda asked: batches.append(asked) or [each * 2 for each in asked])
    assert await asyncio.gather(*(shared(number) for number in range(30))) == [2 * n for n in range(30)]
    assert batches == [list(range(30))]


async def test_who_asks_while_a_hop_runs_is_answered_by_the_next() -> None:
    batches: list[list[str]] = []
    begun, go_on = threading.Event(), threading.Event()

    def read(asked: list[str]) -> list[int]:
        batches.append(asked)
        begun.set()
        assert go_on.wait(30)
        return [len(batches)] * len(asked)

    shared = Shared(read)
    early = asyncio.ensure_future(shared("early"))
    await asyncio.to_thread(begun.wait, 5)
    late = [asyncio.ensure_future(shared(name)) for name in ("late", "later")]
    await asyncio.sleep(0)
    go_on.set()
    assert [await early, *await asyncio.gather(*late)] == [1, 2, 2]
    assert batches == [["early"], ["late", "later"]]


async def test_an_error_is_raised_for_its_caller_alone() -> None:
    shared = Shared(lambda asked: [InvalidInput("No.") if each == 2 else each for each in asked])
    found = await asyncio.gather(*(shared(n) for n in (1, 2, 3)), return_exceptions=True)
    assert (found[0], str(found[1]), found[2]) == (1, "No.", 3)


async def test_a_hop_that_fails_fails_for_all_of_it_and_the_next_one_works() -> None:
    answers = iter([ValueError("database is gone")])

    def read(asked: list[int]) -> list[int]:
        if error := next(answers, None):
            raise error
        return asked

    shared = Shared(read)
    failed = await asyncio.gather(shared(1), shared(2), return_exceptions=True)
    assert [str(error) for error in failed] == ["database is gone"] * 2
    assert failed[0] is not failed[1]
    assert await shared(3) == 3


async def test_a_caller_that_goes_away_takes_nothing_from_the_others() -> None:
    shared = Shared(lambda asked: asked)
    gone, stays = asyncio.ensure_future(shared(1)), asyncio.ensure_future(shared(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 2
    with pytest.raises(asyncio.CancelledError):
        await gone
