"""What a stream still has to send. Pieces that wait together leave in one write."""

import asyncio
from typing import Any


class Pieces:
    """One writer puts, one sender waits and takes; both on one loop."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._sleeper: asyncio.Future[None] | None = None

    def put(self, piece: bytes) -> None:
        self._held.append(piece)
        self.wake()

    def take(self) -> bytes:
        """All that is held; empty where nothing is."""
        taken, self._held = b"".join(self._held), []
        return taken

    def wake(self, *_: Any) -> None:
        """Ends the wait of who waits now."""
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Until there is something to take, somebody calls `wake`, or the time is over."""
        if self._held:
            return
        loop = asyncio.get_running_loop()
        self._sleeper = loop.create_future()
        alarm = loop.call_later(seconds, self.wake)
        try:
            await self._sleeper
        finally:
            alarm.cancel()
            self._sleeper = None
