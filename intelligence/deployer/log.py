"""The log of one real deployment as it is written: in batches, each stored before viewers see it."""

import asyncio
from uuid import UUID

from intelligence.deployer import store
from intelligence.deployer.store import LeaseLost
from providers.exceptions import InvalidInput
from providers.guard import Redactor
from providers.runtime.hop import hop

FLUSH_S = 0.3
MARK = "==>"  # begins the console's own lines


class Log:
    """`add` never waits; `flush` returns when all that was added is stored. `lost`: the claim is gone."""

    def __init__(self, deployment_id: UUID, token: str, redactor: Redactor) -> None:
        self._id, self._token, self._redactor = deployment_id, token, redactor
        self._waiting = bytearray()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.lost = False

    def add(self, piece: bytes) -> None:
        self._waiting += piece
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._soon())

    def say(self, sentence: str) -> None:
        self.add(f"{MARK} {sentence}\n".encode())

    async def _soon(self) -> None:
        await asyncio.sleep(FLUSH_S)
        await self.flush()

    async def flush(self) -> None:
        async with self._lock:
            await self._store()

    async def _store(self) -> None:
        text = self._take()
        if not text or self.lost:
            return
        try:
            await hop(store.write, self._id, self._token, text, self._redactor)
        except LeaseLost:
            self.lost = True
        except InvalidInput:  # the log is full: the build goes on, its log ends here
            self._waiting.clear()

    def _take(self) -> str:
        """What can be decoded now; a character cut in two waits for its other half."""
        raw = bytes(self._waiting)
        whole = raw
        for cut in range(min(3, len(raw)) + 1):
            whole = raw[: len(raw) - cut]
            try:
                text = whole.decode()
                break
            except UnicodeDecodeError:
                continue
        else:
            whole, text = raw, raw.decode("utf-8", "replace")
        self._waiting = self._waiting[len(whole) :]
        return text

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush()
        if self._waiting and not self.lost:
            self._waiting += b"\n"  # half a character at the very end
            await self.flush()
