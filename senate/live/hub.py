"""The live feed of one process: a session's rows are read once, however many watch, and handed to all.

Rows are the truth, the channel layer only says "look again". While somebody watches a session the hub is in its
group and also looks by itself every POLL_S, so a lost nudge delays and never loses. A watcher that reads too
slowly is dropped alone. One hub per event loop; nothing here is shared between threads.
"""

import asyncio
import json
import logging
from collections import Counter, deque
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from providers.runtime.hop import hop
from senate import chat
from senate.live.fragments import fragments, regions_of
from senate.models import OPEN_STATES, SenateSession

POLL_S = 1.0
PAUSE_S = 0.06  # between two looks, so that a burst of nudges is one read
PAGE = 500  # rows of one read
KEPT = 4_000  # newest events in memory, for those who come late
QUEUE = 200  # batches that a slow watcher may lag behind

logger = logging.getLogger(__name__)
Event = dict[str, Any]


class Watcher:
    """One reader: `next()` gives batches of frames, None at the end. `sent` is the last n it was given.

    `dropped`: it read too slowly, or the feed broke; a new connection goes on from its last n.
    """

    def __init__(self, after: int, render: bool) -> None:
        self.sent = after
        self.render = render
        self.dropped = False
        self._queue: asyncio.Queue[list[str] | None] = asyncio.Queue(QUEUE)

    def offer(self, batch: "Batch") -> None:
        """Queues what it has not seen; never waits. A thousand watchers share one list."""
        if self.dropped or batch.last <= self.sent:
            return
        frames = batch.rendered if self.render else batch.plain
        if batch.first <= self.sent:
            frames = frames[self.sent - batch.first + 1 :]  # numbers are gap-free
        self.sent = batch.last
        try:
            self._queue.put_nowait(frames)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        self.dropped = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    def end(self) -> None:
        try:
            self._queue.put_nowait(None)
        except asyncio.QueueFull:
            self.drop()

    async def next(self) -> list[str] | None:
        return await self._queue.get()


@dataclass(frozen=True, slots=True)
class Batch:
    """Events `first` to `last` as they are sent, without and with the fragments that they change."""

    first: int
    last: int
    plain: list[str]
    rendered: list[str]


_listening: set[asyncio.Task[None]] = set()  # a task that nobody holds may be collected


class Feed:
    """One session in this process: one subscription, one reader, many watchers."""

    def __init__(self, session_id: int, after: int) -> None:
        self.session_id = session_id
        self.n = after
        self.kept: deque[Event] = deque(maxlen=KEPT)
        self.watchers: set[Watcher] = set()
        self.late: set[Watcher] = set()
        self.wake = asyncio.Event()
        self.ended = False
        self.task: asyncio.Task[None] | None = None
        self._left = False
        self._message: asyncio.Task[Any] | None = None
        self._last_swap: tuple[tuple[int, frozenset[str]], list[dict[str, Any]]] | None = None

    async def run(self) -> None:
        listens = asyncio.create_task(self._listen())
        _listening.add(listens)
        listens.add_done_callback(_listening.discard)
        try:
            while not self.ended:
                await self._look()
                if not self.ended:
                    await self._rest()
        except Exception:
            logger.exception("live feed of session %s broke", self.session_id)
            self.ended = True
            for watcher in self.watchers | self.late:
                watcher.drop()
        finally:
            self._listen_no_more()  # nobody waits for it: leaving takes a trip to Redis, or longer

    async def _rest(self) -> None:
        """Until the next nudge, at most POLL_S; the pause before it gathers a burst."""
        await asyncio.sleep(PAUSE_S)
        try:
            async with asyncio.timeout(POLL_S):  # wait_for of Python 3.11 can swallow a cancellation
                await self.wake.wait()
        except TimeoutError:
            return

    async def _listen(self) -> None:
        """Turns messages of the session's group into wakes. Without the layer the poll goes on alone.

        Cancelled is only the waiting for a message: the layer's one connection, which all feeds share, does not
        survive a cancelled subscription."""
        layer = get_channel_layer()
        group = f"senate.{self.session_id}"
        while not self._left:
            channel = ""
            try:
                channel = await layer.new_channel()
                await layer.group_add(group, channel)
                self.wake.set()
                while True:
                    self._message = asyncio.create_task(layer.receive(channel))
                    if self._left:
                        await asyncio.sleep(0)  # it has begun: only the end of a receive forgets the channel
                        self._message.cancel()
                    await asyncio.wait([self._message])
                    if self._message.cancelled():
                        break
                    self._message.result()
                    self.wake.set()
            except (OSError, RedisError) as error:
                logger.warning("live feed without nudges: %s", error)
                await asyncio.sleep(POLL_S)
            finally:
                if channel:
                    await _leave(layer, group, channel)

    def _listen_no_more(self) -> None:
        self._left = True
        if self._message is not None:
            self._message.cancel()

    async def _look(self) -> None:
        self.wake.clear()
        late, self.late = self.late, set()
        self.watchers |= late
        try:
            await self._hand_out(late)
        except DatabaseError:
            logger.exception("live feed of session %s could not read", self.session_id)
            self.late |= self.watchers  # each knows what it was given, so the next look leaves no gap
            self.watchers = set()

    async def _hand_out(self, late: set[Watcher]) -> None:
        """New rows to everybody, older ones to who came late; the end when there is nothing more to come."""
        over, events = await hop(read, self.session_id, self.n)
        if events:
            self.kept.extend(events)
            self.n = events[-1]["n"]
        for after in sorted({w.sent for w in late if w.sent < self.n}):
            some = {w for w in late if w.sent == after}
            await self._offer(some, await self._after(after))
        await self._offer(self.watchers - late, events)
        if over and not self.late:
            self.ended = True
            for watcher in self.watchers:
                watcher.end()

    async def _after(self, after: int) -> list[Event]:
        """Everything from `after` to where this feed stands: from memory, or from the rows."""
        if self.kept and self.kept[0]["n"] <= after + 1:
            newest = takewhile(lambda event: event["n"] > after, reversed(self.kept))
            return list(newest)[::-1]
        _, events = await hop(read, self.session_id, after)
        return [event for event in events if event["n"] <= self.n]

    async def _offer(self, watchers: set[Watcher], events: list[Event]) -> None:
        if not watchers or not events:
            return
        regions = regions_of(events) if any(w.render for w in watchers) else set()
        swap = await self._rendered(events[-1]["n"], regions) if regions else []
        batch = framed(events, swap)
        for watcher in watchers:
            watcher.offer(batch)

    async def _rendered(self, upto: int, regions: set[str]) -> list[dict[str, Any]]:
        """The parts as the rows are now; those who join between two events share one rendering."""
        asked = (upto, frozenset(regions))
        if self._last_swap is None or self._last_swap[0] != asked:
            self._last_swap = (asked, await hop(fragments, self.session_id, regions))
        return self._last_swap[1]


def framed(events: list[Event], swap: list[dict[str, Any]]) -> Batch:
    """Frames in order; the fragments ride on the last event that changes more than text."""
    plain = [json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in events]
    rendered = plain
    if swap:
        carrier = max(at for at, event in enumerate(events) if regions_of([event]))
        rendered = list(plain)
        rendered[carrier] = json.dumps({**events[carrier], "swap": swap}, ensure_ascii=False)
    return Batch(events[0]["n"], events[-1]["n"], plain, rendered)


def read(session_id: int, after: int) -> tuple[bool, list[Event]]:
    """(nothing more will come, all events after `after`). The state is read first: rows come before it changes."""
    session = SenateSession.objects.filter(pk=session_id).first()
    if session is None:
        return True, []
    found: list[Event] = []
    while page := chat.events(session, found[-1]["n"] if found else after, PAGE):
        found += page
        if len(page) < PAGE:
            break
    return session.state not in OPEN_STATES, found


async def _leave(layer: Any, group: str, channel: str) -> None:
    try:
        await layer.group_discard(group, channel)
    except (OSError, RedisError) as error:
        logger.warning("live feed could not leave %s: %s", group, error)


class Hub:
    """All feeds of this loop. `open` counts sockets per user."""

    def __init__(self) -> None:
        self.feeds: dict[int, Feed] = {}
        self.open: Counter[int] = Counter()

    def watch(self, session_id: int, after: int, render: bool) -> Watcher:
        """A watcher that gets every event after `after`, once each and in order."""
        feed = self.feeds.get(session_id)
        if feed is None or feed.ended:
            feed = self.feeds[session_id] = Feed(session_id, after)
            feed.task = asyncio.create_task(feed.run())
        watcher = Watcher(after, render)
        feed.late.add(watcher)
        feed.wake.set()
        return watcher

    async def leave(self, session_id: int, watcher: Watcher) -> None:
        """The last one out unsubscribes."""
        feed = self.feeds.get(session_id)
        if feed is None:
            return
        feed.watchers.discard(watcher)
        feed.late.discard(watcher)
        if not feed.watchers and not feed.late and feed.task:
            del self.feeds[session_id]
            feed.task.cancel()
            await asyncio.gather(feed.task, return_exceptions=True)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def open_sockets() -> int:
    """Of this process, over all its loops."""
    return sum(sum(one.open.values()) for one in list(_hubs.values()))


def hub() -> Hub:
    """The hub of the running loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
