"""From the writer's thread back to the loops that wait: one wake-up for all answers of a batch.

`asyncio.wrap_future` wakes the loop once per answer, which at 200 calls at once cost more than the SQL.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any
from weakref import WeakKeyDictionary, ref


class _Mailbox:
    """Answers for one loop. `post` is called in the writer's thread, `_deliver` in the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)  # a loop that ended must be able to go
        self._posts: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._woken = False

    def post(self, waiter: asyncio.Future[Any], done: Future[Any]) -> None:
        self._posts.append((waiter, done))
        if self._woken:
            return
        self._woken = True
        try:
            loop = self._loop()
            if loop is not None:
                loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            self._posts.clear()  # the loop has closed: nobody waits any more, the write stands

    def _deliver(self) -> None:
        self._woken = False  # before looking: what is posted from here on wakes again
        while self._posts:
            waiter, done = self._posts.popleft()
            if waiter.done():
                continue  # cancelled; the write stands
            if error := done.exception():
                waiter.set_exception(error)
            else:
                waiter.set_result(done.result())


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Mailbox] = WeakKeyDictionary()


async def answered(future: Future[Any]) -> Any:
    """Waits for a future of the writer. Cancelling the waiter leaves the future as it is."""
    loop = asyncio.get_running_loop()
    box = _mailboxes.get(loop)
    if box is None:
        box = _mailboxes.setdefault(loop, _Mailbox(loop))
    waiter: asyncio.Future[Any] = loop.create_future()
    future.add_done_callback(lambda done: box.post(waiter, done))
    return await waiter
