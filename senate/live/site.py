"""What a page watches beside a session: `/ws/live/?topics=providers`.

A topic is a version that changes when its page would (`providers/runtime/watching.py`). While anybody watches one,
this process reads it every POLL_S, once however many watch, so a change by any process is known in that time. Each
reader gets `{"topic", "version"}` at once and whenever it changes, and then asks for what it shows over HTTP: the
message carries nothing that a right would have to guard. A slow reader is told the newest version alone.

Close codes as in `senate/live/consumers.py`; 4400 also for a topic that there is not.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

from django.db import Error as DatabaseError

from providers.runtime import watching
from providers.runtime.hop import hop
from senate.live import consumers
from senate.live.consumers import Close, Gone, Line, Receive, Scope, Send, close, first, listen, mind, viewer
from senate.live.hub import hub

POLL_S = 0.4

logger = logging.getLogger(__name__)


class Reader:
    """The newest version of each of its topics that it was not told yet."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}
        self._some = asyncio.Event()

    def offer(self, topic: str, version: str) -> None:
        self._new[topic] = version
        self._some.set()

    async def next(self) -> list[str]:
        await self._some.wait()
        self._some.clear()
        new, self._new = self._new, {}
        return [json.dumps({"topic": topic, "version": version}) for topic, version in new.items()]


class Watch:
    """One topic in this process: one poll, many readers."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.version = ""
        self.readers: set[Reader] = set()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            try:
                version = await hop(watching.version, self.topic)
            except DatabaseError as error:  # readers keep what they have; the next look may work
                logger.warning("topic %s could not be read: %s", self.topic, type(error).__name__)
                version = self.version
            if version != self.version:
                self.version = version
                for reader in self.readers:
                    reader.offer(self.topic, version)
            await asyncio.sleep(POLL_S)

    def join(self, reader: Reader) -> None:
        self.readers.add(reader)
        if self.version:
            reader.offer(self.topic, self.version)


_watches: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Watch]]" = WeakKeyDictionary()


def watches() -> dict[str, Watch]:
    """The topics that are watched on the running loop."""
    return _watches.setdefault(asyncio.get_running_loop(), {})


def join(topics: Iterable[str], reader: Reader) -> None:
    known = watches()
    for topic in topics:
        if topic not in known or known[topic].task.done():
            known[topic] = Watch(topic)
        known[topic].join(reader)


def leave(reader: Reader) -> None:
    """The last reader of a topic ends its poll."""
    known = watches()
    for topic, watch in list(known.items()):
        watch.readers.discard(reader)
        if not watch.readers:
            del known[topic]
            watch.task.cancel()


async def live_site(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of one socket."""
    await receive()  # websocket.connect
    try:
        topics = _topics(scope)
        user = await _check(scope)
    except Close as refused:
        await send({"type": "websocket.close", "code": refused.code})
        return
    await send({"type": "websocket.accept"})
    sockets = hub().open
    if sockets[user] >= consumers.MOST_SOCKETS:
        await close(send, 4429)
        return
    sockets[user] += 1
    reader = Reader()
    join(topics, reader)
    try:
        line = Line(send)
        await first(_pump(reader, line), listen(receive), mind(line, lambda: _check(scope)))
    except Close as ending:
        await close(send, ending.code)
    except (Gone, OSError):
        return  # nobody is left to tell
    finally:
        sockets[user] -= 1
        leave(reader)


def _topics(scope: Scope) -> set[str]:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    topics = set(query.get("topics", [""])[-1].split(","))
    if not topics <= watching.topics():
        raise Close(4400)
    return topics


async def _pump(reader: Reader, line: Line) -> None:
    while True:
        await line.say(await reader.next())


async def _check(scope: Scope) -> int:
    """The user's id. Errors: Close 4401."""
    found = await hop(viewer, consumers.caller(scope))
    if found is None:
        raise Close(4401)
    return int(found.pk)
