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
import logging
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error as DatabaseError
from django.http import parse_cookie
from django.utils.module_loading import import_string

from providers.access.identity import user_of_header
from providers.runtime.hop import Shared
from senate.live.hub import Watcher, hub
from senate.models import SenateSession

QUIET_S = 20.0
RECHECK_S = 30.0
SLOW_S = 15.0  # a reader that takes nothing for so long is let go; it connects again with its last number
CLOSE_S = 1.0
MOST_SOCKETS = 20
MAX_FRAME = 1_000
PING = '{"type":"ping"}'
SIGNS = (b"cookie", b"authorization")

logger = logging.getLogger(__name__)
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
        user_id = await _check(scope, session_id)
    except Close as refused:
        await send({"type": "websocket.close", "code": refused.code})
        return
    await send({"type": "websocket.accept"})
    live = hub()
    if live.open[user_id] >= MOST_SOCKETS:
        await close(send, 4429)
        return
    live.open[user_id] += 1
    watcher = live.watch(session_id, after, render)
    try:
        line = Line(send)
        await first(_pump(watcher, line), listen(receive), mind(line, lambda: _check(scope, session_id)))
    except Close as ending:
        await close(send, ending.code)
    except (Gone, OSError):
        return  # nobody is left to tell
    finally:
        live.open[user_id] -= 1
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


class Line:
    """The way out of one socket. `said_at`: when it was last used; `waits_since`: since when its reader takes
    nothing, None while nothing waits. Both in the loop's seconds."""

    def __init__(self, send: Send) -> None:
        self._send, self._loop = send, asyncio.get_running_loop()
        self.said_at = self._loop.time()
        self.waits_since: float | None = None

    async def say(self, frames: Sequence[str]) -> None:
        """Returns when the reader has room for more."""
        self.waits_since = self._loop.time()
        for frame in frames:
            await self._send({"type": "websocket.send", "text": frame})
        self.said_at, self.waits_since = self._loop.time(), None


async def mind(line: Line, check: Callable[[], Awaitable[Any]]) -> None:
    """Keeps a quiet line alive, lets a reader go that takes nothing, and asks again whether it may read.

    One clock a socket, not one a message. Errors: Close 4408, and those of `check`."""
    loop = asyncio.get_running_loop()
    checked = loop.time()
    while True:
        await asyncio.sleep(min(QUIET_S / 4, RECHECK_S))
        now = loop.time()
        if line.waits_since is not None:
            if now - line.waits_since > SLOW_S:
                raise Close(4408)
        elif now - line.said_at >= QUIET_S:
            await line.say([PING])
        if now - checked >= RECHECK_S:
            checked = now
            await check()


async def _pump(watcher: Watcher, line: Line) -> None:
    while True:
        frames = await watcher.next()
        if watcher.dropped:
            raise Close(4408)
        if frames is None:
            raise Close(1000)
        await line.say(frames)


async def listen(receive: Receive) -> None:
    """Readers have nothing to say: whatever comes closes the socket."""
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise Gone
    size = max(len(message.get("text") or ""), len(message.get("bytes") or b""))
    raise Close(4409 if size > MAX_FRAME else 4403)


class Caller(NamedTuple):
    """What a handshake brings: the key of its cookie's session, and its Authorization header."""

    session_key: str | None
    authorization: str


def caller(scope: Scope) -> Caller:
    """Read from the headers alone; who it is, is asked anew each time."""
    sent = {name: value.decode("latin-1") for name, value in scope["headers"] if name in SIGNS}
    cookie = parse_cookie(sent.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME)
    return Caller(cookie, sent.get(b"authorization", ""))


async def _check(scope: Scope, session_id: int) -> int:
    """The user's id. Errors: Close 4401 for nobody who is known, 4404 where the session is not theirs to see."""
    user_id, code = await _standing((caller(scope), session_id))
    if code:
        raise Close(code)
    return user_id


def standings(asked: list[tuple[Caller, int]]) -> list[tuple[int, int] | Exception]:
    """(user's id, 0 or the close code) for each caller and session; equal ones are read once. Sync.

    Reads the rows anew: a logout, a new password or a changed role counts at once."""
    found: dict[tuple[Caller, int], tuple[int, int] | Exception] = {}
    for one in dict.fromkeys(asked):
        try:
            found[one] = _read_standing(*one)
        except DatabaseError as error:
            found[one] = error
    return [found[one] for one in asked]


_standing = Shared(standings)  # a thousand handshakes at once are a few trips to the database


def _read_standing(who: Caller, session_id: int) -> tuple[int, int]:
    user = viewer(who)
    if user is None:
        return 0, 4401
    return user.pk, 0 if SenateSession.objects.visible_to(user).filter(pk=session_id).exists() else 4404


def viewer(who: Caller) -> Any:
    """Whom the token, or without one the cookie, signs in at this moment; None for nobody. A token that is wrong
    never falls back to the cookie."""
    if who.authorization:
        return user_of_header(who.authorization)
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    user = get_user(SimpleNamespace(session=store(who.session_key)))  # type: ignore[arg-type]
    return user if user.is_authenticated and user.is_active else None


async def close(send: Send, code: int) -> None:
    """Says why, then closes. Who reads too slowly may have no room for the reason."""
    reason = CLOSINGS[code]
    try:
        async with asyncio.timeout(CLOSE_S):
            text = json.dumps({"type": "closing", "code": code, "reason": reason})
            await send({"type": "websocket.send", "text": text})
    except TimeoutError:
        logger.info("a socket was closed with %s, its reader took nothing", code)
    await send({"type": "websocket.close", "code": code, "reason": reason})


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Every other websocket address: refused like an unknown session."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})
