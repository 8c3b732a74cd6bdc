"""Waiting for what must be done whatever happens to the one who waits."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def uncut(work: Awaitable[T]) -> T:
    """Waits until `work` is done, even while the caller is cancelled, be it twice; the cancellation goes on then.

    Errors: those of `work` before all.
    """
    result, cancelled = await through(work)
    if cancelled is not None:
        raise cancelled
    return result


async def in_hand(work: Awaitable[T]) -> T:
    """The same, but the result is given first: the cancellation comes when the caller next waits.

    For what must be given back, or was paid: lost with the cancellation, nobody would know of it.
    """
    result, cancelled = await through(work)
    if cancelled is not None:
        cancel_later()
    return result


async def through(work: Awaitable[T]) -> tuple[T, asyncio.CancelledError | None]:
    """(the result, the cancellation that came meanwhile). Errors: those of `work`."""
    task, cancelled = asyncio.ensure_future(work), None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    return task.result(), cancelled


def cancel_later() -> None:
    """The cancellation that was caught just now comes once more, when the running task next waits or ends."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()  # whoever counts them (`asyncio.timeout`) counts this one once
        task.cancel()
