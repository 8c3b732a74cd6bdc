"""Writes what sessions have to say: one transaction for all that waits, then a nudge to whoever watches.

Sessions of a process share it, so two hundred of them cost a few commits a second. Runs on the process's loop.
"""

import asyncio
import logging

from providers.runtime.hop import hop
from senate.work import store
from senate.work.nudges import tell
from senate.work.store import Entry, LeaseLost

logger = logging.getLogger(__name__)


class Scribe:
    def __init__(self) -> None:
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._drain: asyncio.Task[None] | None = None
        self._nudges: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()

    async def write(self, entry: Entry) -> None:
        """Returns when it is committed. Errors: LeaseLost, and those of the database."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._run())
        await written

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                kept: list[bool | Exception] = list(await hop(store.commit, [entry for entry, _ in batch]))
            except Exception:
                # One bad entry must not take the others with it: each alone, with its own error.
                kept = [await self._alone(entry) for entry, _ in batch]
            for (entry, written), outcome in zip(batch, kept, strict=True):
                _answer(entry, written, outcome)
            for session_id in {entry.session_id for entry, _ in batch}:
                self.nudge(session_id)

    async def _alone(self, entry: Entry) -> bool | Exception:
        try:
            return (await hop(store.commit, [entry]))[0]
        except Exception as error:
            logger.exception("session %s could not be written", entry.session_id)
            return error

    def nudge(self, session_id: int) -> None:
        """Tells viewers to look again. Never waits, never fails: they look by themselves after a while too."""
        if session_id in self._nudges:
            self._again.add(session_id)  # the one under way may have left before this commit
            return
        task = asyncio.create_task(self._tell(session_id))
        self._nudges[session_id] = task
        task.add_done_callback(lambda _: self._nudges.pop(session_id, None))

    async def _tell(self, session_id: int) -> None:
        await tell(session_id)
        while session_id in self._again:
            self._again.discard(session_id)
            await tell(session_id)


def _answer(entry: Entry, written: "asyncio.Future[None]", outcome: bool | Exception) -> None:
    if written.done():  # its writer was cancelled meanwhile
        return
    if isinstance(outcome, Exception):
        written.set_exception(outcome)
    elif outcome:
        written.set_result(None)
    else:
        written.set_exception(LeaseLost(f"session {entry.session_id} is no longer ours"))


SCRIBE = Scribe()
