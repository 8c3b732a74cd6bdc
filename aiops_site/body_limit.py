"""No body that nobody may send is taken in: refused by its stated length, else while it comes, before it is held.

Django's own handler reads a request to its end before any view is asked, whoever sends it. Daphne does so even
before Django is called: see `supervisor/twisted_request.py`, which holds the same limit.
"""

from django.conf import settings

from aiops_site import early
from aiops_site.early import Application, Receive, Scope, Send

# Views refuse from `DATA_UPLOAD_MAX_MEMORY_SIZE` on, in their own clothes; a form a little too long gets its page.
MOST = 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
# A log for analysis is uploaded as a file of up to 100 MB, by somebody who says who they are.
UPLOADS = {"/analyses/": 101 * 1024 * 1024}
STATUS, SENTENCE = 413, f"The body is over {settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MB."
LONGEST = 18  # digits that are read
TYPE, CODE = "invalid_request_error", "body_too_large"


def most(path: str, known: bool) -> int:
    """Bytes of a body there. `known`: the request brings a cookie or a token."""
    return UPLOADS.get(path, MOST) if known else MOST


class BoundedBodies:
    """ASGI: an application that never sees more bytes of a body than `most` allows there."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        allowed = most(scope["path"], b"cookie" in headers or b"authorization" in headers)
        if stated(headers.get(b"content-length", b"")) > allowed:
            await _refuse(scope, send)
        elif b"transfer-encoding" in headers:  # else the server itself holds it to its stated length
            await self._metered(scope, receive, send, allowed)
        else:
            await self.application(scope, receive, send)

    async def _metered(self, scope: Scope, receive: Receive, send: Send, allowed: int) -> None:
        """Past the limit the application hears that the client has gone, and the client why."""
        taken, begun = 0, False

        async def metered() -> dict[str, object]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= allowed else {"type": "http.disconnect"}

        async def noted(message: dict[str, object]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        await self.application(scope, metered, noted)
        if taken > allowed and not begun:
            await _refuse(scope, send)


def stated(length: bytes) -> int:
    """What a Content-Length says; 0 for what is none, which the server refuses."""
    return int(length[:LONGEST]) if length.isdigit() else 0


async def _refuse(scope: Scope, send: Send) -> None:
    await early.refuse(scope, send, STATUS, SENTENCE, TYPE, CODE, (b"connection", b"close"))
