"""What a stream still has to send. Pieces that wait together leave in one write."""

import asyncio
from typing import Any


class Pieces:
    """One writer puts, one sender waits and takes; both on one loop."""

    def __init__(self, every_s: float) -> None:
        """`every_s`: nobody waits longer than that."""
        self._every_s = every_s
        self._held: list[bytes] = []
        self._sleeper: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None

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

    async def wait(self) -> None:
        """Until there is something to take, somebody calls `wake`, or the alarm rings, as it does every so often.

        One alarm for each wait would cost more than a piece."""
        if self._held:
            return
        loop = asyncio.get_running_loop()
        self._sleeper = loop.create_future()
        if self._alarm is None:
            self._alarm = loop.call_later(self._every_s, self._ring)
        try:
            await self._sleeper
        finally:
            self._sleeper = None

    def close(self) -> None:
        """Nobody waits any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _ring(self) -> None:
        self._alarm = None
        self.wake()
