"""A session watched live: `/ws/senate/{id}/?after=N[&render=1]`.

Sends the session's event rows after N as JSON, one a message, gap-free, each once, and closes with 1000 when the
session has ended. With `render=1` an event that changes more than text carries `swap`: the page's parts, rendered.
A `{"type": "ping"}` after 20 quiet seconds keeps proxies from cutting and tells the reader that the line is alive.

Close codes (Daphne sends only 1000 and 3000 to 4999, and no reason, so the reason goes before as a message
`{"type": "closing", "code", "reason"}`): 4400 bad address, 4401 not signed in, 4404 no such session for this
user, 4403 nothing may be sent here, 4409 too big, 4408 reads too slowly, 4429 too many sockets.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.utils.module_loading import import_string

from providers.hop import hop
from senate.live.hub import Watcher, hub
from senate.models import SenateSession

QUIET_S = 20.0
RECHECK_S = 30.0
MOST_SOCKETS = 20
MAX_FRAME = 1_000

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
CLOSINGS = {
    1000: "The session has ended.",
    4400: "The address can't be read.",
    4401: "You are signed out.",
    4403: "Nothing may be sent here.",
    4404: "There is no such session for you.",
    4408: "This reader is too slow. Connect again with after=N.",
    4409: "The message is too big.",
    4429: f"You watch {MOST_SOCKETS} pages already. Close one of them.",
}


class Gone(Exception):
    """The other side left."""


class Close(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(CLOSINGS[code])
        self.code = code


async def live_session(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of one socket."""
    await receive()  # websocket.connect
    try:
        session_id, after, render = _address(scope)
        user = scope["user"]
        await _check(scope, session_id)
    except Close as refused:
        await send({"type": "websocket.close", "code": refused.code})
        return
    await send({"type": "websocket.accept"})
    live = hub()
    if live.open[user.pk] >= MOST_SOCKETS:
        await close(send, 4429)
        return
    live.open[user.pk] += 1
    watcher = live.watch(session_id, after, render)
    try:
        await first(_pump(watcher, send), listen(receive), _guard(scope, session_id))
    except Close as ending:
        await close(send, ending.code)
    except (Gone, OSError):
        return  # nobody is left to tell
    finally:
        live.open[user.pk] -= 1
        await live.leave(session_id, watcher)


def _address(scope: Scope) -> tuple[int, int, bool]:
    """(session, after, render) of the address."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    after = query.get("after", ["0"])[-1]
    if not (after.isascii() and after.isdigit() and len(after) <= 9):
        raise Close(4400)
    return int(scope["url_route"]["kwargs"]["pk"]), int(after), query.get("render", [""])[-1] == "1"


async def first(*parts: Awaitable[None]) -> None:
    """Runs the parts side by side until one of them raises; that is the result."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _pump(watcher: Watcher, send: Send) -> None:
    while True:
        try:
            async with asyncio.timeout(QUIET_S):
                frames = await watcher.next()
        except TimeoutError:
            frames = ['{"type":"ping"}']
        if watcher.dropped:
            raise Close(4408)
        if frames is None:
            raise Close(1000)
        for frame in frames:
            await send({"type": "websocket.send", "text": frame})


async def listen(receive: Receive) -> None:
    """Readers have nothing to say: whatever comes closes the socket."""
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise Gone
    size = max(len(message.get("text") or ""), len(message.get("bytes") or b""))
    raise Close(4409 if size > MAX_FRAME else 4403)


async def _guard(scope: Scope, session_id: int) -> None:
    while True:
        await asyncio.sleep(RECHECK_S)
        await _check(scope, session_id)


async def _check(scope: Scope, session_id: int) -> None:
    """Errors: Close 4401 where the cookie signs nobody in, 4404 where the session is not this user's to see."""
    cookie = scope.get("session")
    code = await hop(refusal, getattr(cookie, "session_key", None), session_id)
    if code:
        raise Close(code)


def refusal(session_key: str | None, session_id: int) -> int:
    """0, or the close code. Reads the rows anew: a logout, a new password or a changed role counts at once."""
    user = viewer(session_key)
    if user is None:
        return 4401
    return 0 if SenateSession.objects.visible_to(user).filter(pk=session_id).exists() else 4404


def viewer(session_key: str | None) -> Any:
    """Whom that cookie signs in at this moment; None for nobody."""
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    user = get_user(SimpleNamespace(session=store(session_key)))  # type: ignore[arg-type]
    return user if user.is_authenticated and user.is_active else None


async def close(send: Send, code: int) -> None:
    reason = CLOSINGS[code]
    await send({"type": "websocket.send", "text": json.dumps({"type": "closing", "code": code, "reason": reason})})
    await send({"type": "websocket.close", "code": code, "reason": reason})


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Every other websocket address: refused like an unknown session."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})
