"""The attempts that this process works on: claimed, kept alive, handed back. On the process's loop."""

import asyncio
import logging
import os
import socket
import uuid

from django.db import Error as DatabaseError

from jules.work import store
from jules.work.run import Run
from providers.hop import hop

logger = logging.getLogger(__name__)
BEAT_S = 10.0
MOST = 2  # at once in one process; what waits is nudged again by the reaper


def new_token() -> str:
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


class Desk:
    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._pulse: asyncio.Task[None] | None = None
        self._closed = False

    async def take(self, attempt_id: int) -> bool:
        """Claims it and begins to work on it. False where somebody has it, it has ended, or the desk is full."""
        if self._closed or attempt_id in self._runs or len(self._runs) >= MOST:
            return False
        attempt = await hop(store.claim, attempt_id, new_token())
        if attempt is None:
            return False
        run = self._runs[attempt_id] = Run(attempt)
        self._tasks[attempt_id] = asyncio.create_task(self._work(run))
        if self._pulse is None or self._pulse.done():
            self._pulse = asyncio.create_task(self._keep_alive())
        return True

    async def _work(self, run: Run) -> None:
        try:
            await run.go()
        except asyncio.CancelledError:  # this worker stops: another goes on
            await hop(store.hand_back, run.pk, run.token)
            raise
        except Exception:  # not even its end could be written: the claim runs out, another goes on
            logger.exception("fix %s was left", run.pk)
        finally:
            self._runs.pop(run.pk, None)
            self._tasks.pop(run.pk, None)

    async def _keep_alive(self) -> None:
        """Runs while there is work. Where the database is away, claims run out by themselves."""
        while self._runs:
            await asyncio.sleep(BEAT_S)
            try:
                runs = {run.token: run for run in self._runs.values()}
                for token in await hop(store.beat, list(runs)):
                    if task := self._tasks.get(runs[token].pk):
                        task.cancel()
            except DatabaseError:
                logger.exception("the heartbeat could not be written")

    async def done(self, attempt_id: int) -> None:
        """Returns when this process no longer works on it."""
        if task := self._tasks.get(attempt_id):
            await asyncio.wait([task])

    async def close(self) -> None:
        """Takes no more, and hands every attempt back."""
        self._closed = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def open(self) -> None:
        self._closed = False


DESK = Desk()
