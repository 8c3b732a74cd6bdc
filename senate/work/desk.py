"""The sessions that this process works on: claimed, kept alive by a heartbeat, cancelled when asked. One loop."""

import asyncio
import logging
import os
import socket
import uuid

from django.db import Error as DatabaseError

from providers import ledger
from providers.exceptions import AIServiceError
from providers.hop import hop
from senate.work import store
from senate.work.runner import Run
from senate.work.store import LeaseLost

logger = logging.getLogger(__name__)
LOOK_S = 1.0  # how soon a wish to cancel is seen
BEAT_S = 10.0
RESERVE_FOR_S = 90.0


def new_token() -> str:
    """Names a claim: where it is held, and one of its own, so that a process can't mistake an old one for its."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


class Desk:
    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pulse: asyncio.Task[None] | None = None
        self._closed = False

    async def take(self, session_id: int) -> bool:
        """Claims the session and begins to work on it. False where somebody has it, or it has ended."""
        if self._closed or session_id in self._runs:
            return False
        session = await hop(store.claim, session_id, new_token())
        if session is None:
            return False
        run = self._runs[session_id] = Run(session)
        task = asyncio.create_task(self._work(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._pulse is None or self._pulse.done():
            self._pulse = asyncio.create_task(self._keep_alive())
        return True

    async def _work(self, run: Run) -> None:
        try:
            await run.go()
        except Exception:  # it could not even be written that it failed: the claim runs out, another goes on
            logger.exception("session %s was left", run.session.pk)
        finally:
            self._runs.pop(run.session.pk, None)

    async def _keep_alive(self) -> None:
        """Runs while there is work. Where the database is away, claims run out by themselves."""
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + BEAT_S
        while self._runs:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look_for_cancels()
                if loop.time() >= beat_at:
                    beat_at = loop.time() + BEAT_S
                    await self._beat()
            except (DatabaseError, AIServiceError):
                logger.exception("the heartbeat could not be written")

    async def _look_for_cancels(self) -> None:
        for session_id, reason in (await hop(store.cancel_wanted, list(self._runs))).items():
            if session_id in self._runs:
                self._runs[session_id].cancel(reason)

    async def _beat(self) -> None:
        runs = {run.token: run for run in self._runs.values()}
        for token in await hop(store.beat, list(runs)):
            runs[token].give_up(LeaseLost("its claim had run out"))
        for run in runs.values():
            if run.reservation:
                await ledger.extend(run.reservation, RESERVE_FOR_S)

    async def close(self) -> None:
        """Takes no more, and hands every session back, so that another worker goes on with it at once."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def open(self) -> None:
        """Takes sessions again."""
        self._closed = False


DESK = Desk()
