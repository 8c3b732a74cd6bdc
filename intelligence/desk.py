"""The rows that one process works on: claimed, kept alive, handed back. On the process's loop.

A desk is made of what its rows need: `claim(pk, token)` gives the claimed row or None, `make(row)` its work (with
`pk`, `token` and a coroutine `go`), `beat(tokens)` renews claims and gives back those that are gone,
`hand_back(pk, token)` gives one up. All but `go` are plain sync functions.
"""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from django.db import Error as DatabaseError

from providers.hop import hop

logger = logging.getLogger(__name__)
BEAT_S = 10.0


def new_token() -> str:
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


class Work(Protocol):
    """One claim. `go` runs it to its end; DatabaseError where not even that can be written."""

    pk: Any
    token: str

    async def go(self) -> None: ...


class Desk:
    def __init__(
        self,
        name: str,
        claim: Callable[[Any, str], Any],
        make: Callable[[Any], Work],
        beat: Callable[[Sequence[str]], list[str]],
        hand_back: Callable[[Any, str], None],
        *,
        most: int,
        beat_s: float = BEAT_S,
    ) -> None:
        """`name`: of such a row, for the log. `most`: at once in one process; what waits is nudged again later."""
        self._name, self._claim, self._make, self._beat, self._hand_back = name, claim, make, beat, hand_back
        self._most, self._beat_s = most, beat_s
        self._works: dict[Any, Work] = {}
        self._tasks: dict[Any, asyncio.Task[None]] = {}
        self._pulse: asyncio.Task[None] | None = None
        self._closed = False

    async def take(self, pk: Any) -> bool:
        """Claims it and begins to work on it. False where somebody has it, it has ended, or the desk is full."""
        if self._closed or pk in self._works or len(self._works) >= self._most:
            return False
        row = await hop(self._claim, pk, new_token())
        if row is None:
            return False
        work = self._works[pk] = self._make(row)
        self._tasks[pk] = asyncio.create_task(self._to_its_end(work))
        if self._pulse is None or self._pulse.done():
            self._pulse = asyncio.create_task(self._keep_alive())
        return True

    async def _to_its_end(self, work: Work) -> None:
        try:
            await work.go()
        except asyncio.CancelledError:  # this worker stops: another goes on
            await hop(self._hand_back, work.pk, work.token)
            raise
        except Exception:  # not even its end could be written: the claim runs out, another goes on
            logger.exception("%s %s was left", self._name, work.pk)
        finally:
            self._works.pop(work.pk, None)
            self._tasks.pop(work.pk, None)

    async def _keep_alive(self) -> None:
        """Runs while there is work. Where the database is away, claims run out by themselves."""
        while self._works:
            await asyncio.sleep(self._beat_s)
            try:
                works = {work.token: work for work in self._works.values()}
                for token in await hop(self._beat, list(works)):
                    if task := self._tasks.get(works[token].pk):
                        task.cancel()
            except DatabaseError:
                logger.exception("the heartbeat could not be written")

    async def done(self, pk: Any) -> None:
        """Returns when this process no longer works on it."""
        if task := self._tasks.get(pk):
            await asyncio.wait([task])

    async def close(self) -> None:
        """Takes no more, and hands everything back."""
        self._closed = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def open(self) -> None:
        self._closed = False
