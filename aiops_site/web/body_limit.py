"""No body that nobody may send is taken in: refused by its stated length, else while it comes, before it is held.

Django's own handler reads a request to its end before any view is asked, whoever sends it. Daphne does so even
before Django is called: see `supervisor/twisted_request.py`, which asks here as well.

One page takes more: a log for analysis is uploaded there as a file of up to 100 MB. Who sends so much is looked up
before the first byte is read (that a cookie is there says nothing: anybody can send one), and few are let in at a
time, as Daphne holds a body in memory whole. Such a body states its length, as a browser does; one in chunks is
refused over `MOST`, wherever it goes, and told so.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as DatabaseError

from aiops_site.policy import allows
from aiops_site.web import early
from aiops_site.web.early import Application, Header, Receive, Scope, Send
from providers.access.roles import role_of
from providers.runtime.hop import hop
from senate.live.consumers import Caller, caller, viewer

logger = logging.getLogger(__name__)
# Views refuse from `DATA_UPLOAD_MAX_MEMORY_SIZE` on, in their own clothes; a form a little too long gets its page.
MOST = 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
LARGE = {"/analyses/": ("intelligence:analyses", 101 * 1024 * 1024)}  # path: (route, bytes)
AT_ONCE = 3  # large bodies in a process
LONGEST = 18  # digits that are read
HELD = "aiops.bounded"  # in a scope: the server itself has asked `admit`

_inside = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    phrase: str
    sentence: str
    type: str
    code: str
    headers: tuple[Header, ...] = ()


SENTENCE = f"The body is over {settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MB."
TOO_LONG = Refusal(413, "Content Too Large", SENTENCE, "invalid_request_error", "body_too_large")
UNSTATED = Refusal(
    413,
    "Content Too Large",
    f"A body that comes in chunks may have {MOST >> 20} MB. State its length (Content-Length): a log that is "
    "uploaded for analysis may then have 100 MB.",
    "invalid_request_error",
    "body_too_large",
)
AGAIN = ((b"retry-after", b"10"),)
BUSY = Refusal(
    503, "Service Unavailable", "Other large files come in just now. Try again.", "unavailable", "busy", AGAIN
)
AWAY = Refusal(
    503, "Service Unavailable", "The database can't be asked. Try again.", "unavailable", "unavailable", AGAIN
)


async def admit(path: str, length: int, headers: Iterable[Header]) -> Refusal | None:
    """Whether a body of more than `MOST` bytes may come there from who sent these headers (their names in small
    letters). None: yes, and `leave` must follow when it is answered or its sender has gone."""
    global _inside
    route, most = LARGE.get(path, ("", MOST))
    if length > most:
        return TOO_LONG
    try:
        known = await hop(_may_post, caller({"headers": headers}), route)
    except DatabaseError as error:
        logger.warning("who sends a large body could not be looked up: %s", type(error).__name__)
        return AWAY
    if not known:
        return TOO_LONG
    if _inside >= AT_ONCE:
        return BUSY
    _inside += 1
    return None


def leave() -> None:
    global _inside
    _inside -= 1


def _may_post(who: Caller, route: str) -> bool:
    user = viewer(who)
    return user is not None and allows(route, "POST", role_of(user))


class BoundedBodies:
    """ASGI: an application that never sees more bytes of a body than may come there."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        length = stated(headers.get(b"content-length", b""))
        if length > MOST and not scope.get(HELD):
            await self._large(scope, receive, send, length)
        elif b"transfer-encoding" in headers:  # else the server itself holds it to its stated length
            await self._metered(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    async def _large(self, scope: Scope, receive: Receive, send: Send, length: int) -> None:
        if refusal := await admit(scope["path"], length, scope["headers"]):
            await _refuse(scope, send, refusal)
            return
        try:
            await self.application(scope, receive, send)
        finally:
            leave()

    async def _metered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Past the limit the application hears that the client has gone, and the client why."""
        taken, begun = 0, False

        async def metered() -> dict[str, object]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= MOST else {"type": "http.disconnect"}

        async def noted(message: dict[str, object]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        await self.application(scope, metered, noted)
        if taken > MOST and not begun:
            await _refuse(scope, send, UNSTATED)


def stated(length: bytes) -> int:
    """What a Content-Length says; 0 for what is none, which the server refuses."""
    return int(length[:LONGEST]) if length.isdigit() else 0


async def _refuse(scope: Scope, send: Send, why: Refusal) -> None:
    more = (*why.headers, (b"connection", b"close"))
    await early.refuse(scope, send, why.status, why.sentence, why.type, why.code, *more)
