"""Rows that a process works on: claimed, kept alive by a heartbeat, handed back when it stops. On its loop.

A claim is a token on the row, and it runs out; so a row whose worker is lost is taken by another. Which rows these
are, and what working on one means, is said by the apps' own desks.
"""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from django.db import Error as DatabaseError

from providers.exceptions import AIServiceError
from providers.runtime.uncut import uncut

logger = logging.getLogger(__name__)
LOOK_S = 1.0  # how soon a wish (to cancel) is seen
BEAT_S = 10.0


def new_token() -> str:
    """Names a claim: where it is held, and one of its own, so that a process can't mistake an old one for its."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


class Held(Protocol):
    @property
    def token(self) -> str: ...


Key = TypeVar("Key", bound=Hashable)
Work = TypeVar("Work", bound=Held)


class Desk(Generic[Key, Work]):
    kind: str  # for the log: "session", "fix"

    def __init__(self) -> None:
        self.held: dict[Key, Work] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._taking: set[asyncio.Task[bool]] = set()
        self._pulse: asyncio.Task[None] | None = None
        self._closed = False

    async def claim(self, key: Key, token: str) -> Work | None:
        """None where somebody has it, or it has ended."""
        raise NotImplementedError

    async def work(self, work: Work) -> None:
        """To its end, or until cancelled."""
        raise NotImplementedError

    async def hand_back(self, key: Key, work: Work) -> None:
        """Gives up a claim that is still its; does nothing where the row has ended."""
        raise NotImplementedError

    async def look(self) -> None:
        """Every LOOK_S: what is wanted of the rows that are held."""

    async def beat(self, held: Mapping[str, Work]) -> None:
        """Every BEAT_S: renews the claims, by token, and ends the work of each that was lost."""
        raise NotImplementedError

    def full(self) -> bool:
        """True where no more can be taken for now."""
        return False

    async def waiting(self) -> Sequence[Key]:
        """Rows that nobody works on, the oldest first; what was nudged while this desk was full is taken next."""
        return ()

    async def take(self, key: Key) -> bool:
        """Claims it and begins to work on it. False where somebody has it, it has ended, or the desk is full."""
        if self._closed or key in self.held or self.full():
            return False
        taking = asyncio.create_task(self._take(key))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        return await uncut(taking)  # a claim that nobody knows of would keep others away until it runs out

    async def _take(self, key: Key) -> bool:
        work = await self.claim(key, new_token())
        if work is None:
            return False
        if self._closed:  # meanwhile
            await self.hand_back(key, work)
            return False
        self.held[key] = work
        self._tasks[key] = asyncio.create_task(self._work(key, work))
        if self._pulse is None or self._pulse.done():
            self._pulse = asyncio.create_task(self._keep_alive())
        return True

    async def _work(self, key: Key, work: Work) -> None:
        try:
            await self.work(work)
        except asyncio.CancelledError:  # this process stops, or has lost the claim: another goes on
            await uncut(self.hand_back(key, work))
            raise
        except Exception:  # not even its end could be written: the claim runs out, another goes on
            logger.exception("%s %s was left", self.kind, key)
        finally:
            self.held.pop(key, None)
            self._tasks.pop(key, None)
        await self._next()

    async def _next(self) -> None:
        try:
            for key in () if self._closed else await self.waiting():
                if await self.take(key):
                    return
        except (DatabaseError, AIServiceError):  # the reaper nudges again
            logger.exception("the next %s could not be looked for", self.kind)

    async def _keep_alive(self) -> None:
        """Runs while there is work. Where the database is away, claims run out by themselves."""
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + BEAT_S
        while self.held:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
                if loop.time() >= beat_at:
                    beat_at = loop.time() + BEAT_S
                    await self.beat({work.token: work for work in self.held.values()})
            except (DatabaseError, AIServiceError):
                logger.exception("the heartbeat of the %ss could not be written", self.kind)

    def drop(self, key: Key) -> None:
        """Stops to work on a row whose claim was lost."""
        if task := self._tasks.get(key):
            task.cancel()

    async def done(self, key: Key) -> None:
        """Returns when this process no longer works on it."""
        if task := self._tasks.get(key):
            await asyncio.wait([task])

    async def close(self) -> None:
        """Takes no more, and hands every row back, so that another worker goes on with it at once."""
        self._closed = True
        if self._taking:
            await asyncio.wait(set(self._taking))
        tasks = list(self._tasks.values())
        for task in tasks:
            if not task.cancelling():  # two signals close it; a second time would cut off what is being booked
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)  # `gather` would cancel them again where this wait is given up
        while self.held:  # a task that had not begun could not do it itself
            key, work = self.held.popitem()
            self._tasks.pop(key, None)
            await self.hand_back(key, work)

    def open(self) -> None:
        """Takes rows again."""
        self._closed = False
