"""The live feed as server-sent events: `id: n`, then the event's row as JSON; the twin of the websocket."""

import asyncio
import json
from collections.abc import AsyncIterator

from django.contrib.auth import get_user_model

from providers.runtime.hop import hop
from senate.live.hub import hub
from senate.models import SenateSession

QUIET_S = 15.0
RECHECK_S = 30.0
MOST_STREAMS = 20
ALIVE = b": still working\n\n"
END = b'event: end\ndata: {"reason": "The session has ended."}\n\n'
LOST = b'event: end\ndata: {"reason": "This reader is too slow. Connect again with Last-Event-ID."}\n\n'
REFUSED = b'event: end\ndata: {"reason": "There is no such session for you."}\n\n'
FULL = b'event: end\ndata: {"reason": "You watch 20 sessions already. Close one of those."}\n\n'


async def feed(session_id: int, user_id: int, after: int) -> AsyncIterator[bytes]:
    """Every event after `after`, once and in order, until the session has ended or the reader leaves."""
    live = hub()
    if live.open[user_id] >= MOST_STREAMS:
        yield FULL
        return
    live.open[user_id] += 1
    watcher = live.watch(session_id, after, render=False)
    loop = asyncio.get_running_loop()
    checked = loop.time()
    try:
        yield b"retry: 2000\n\n"
        while True:
            if loop.time() - checked > RECHECK_S:
                checked = loop.time()
                if not await hop(still_visible, user_id, session_id):
                    yield REFUSED
                    return
            try:
                async with asyncio.timeout(QUIET_S):
                    frames = await watcher.next()
            except TimeoutError:
                yield ALIVE
                continue
            if frames is None:
                yield LOST if watcher.dropped else END
                return
            yield b"".join(written(frame) for frame in frames)
    finally:
        live.open[user_id] -= 1
        await live.leave(session_id, watcher)


def written(frame: str) -> bytes:
    """One event. The JSON goes out in ASCII: no character of a text can end a line or an event."""
    event = json.loads(frame)
    return f"id: {event['n']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()


def still_visible(user_id: int, session_id: int) -> bool:
    """Read anew: a changed role, a disabled user or a session made private counts at once. Sync."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return user is not None and SenateSession.objects.visible_to(user).filter(pk=session_id).exists()
