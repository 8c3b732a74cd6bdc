"""A web process that is about to stop: it lets running answers end and takes no new ones."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH = {"/healthz", "/readyz"}
SENTENCE = "The site is restarting. Try again in a few seconds."
ERROR = {"error": {"message": SENTENCE, "type": "unavailable", "code": "restarting", "param": None}}

_draining = False
_running = 0


def begin() -> None:
    """From now on `/readyz` is red and a new request gets 503."""
    global _draining
    _draining = True


def begun() -> bool:
    return _draining


def running() -> int:
    """Requests of this process that are not answered to their end yet."""
    return _running


class Draining:
    """ASGI: counts the requests that run, and refuses new ones while the process drains."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        global _running
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self.application(scope, receive, send)
            return
        if _draining:
            await refuse(scope, send)
            return
        _running += 1
        try:
            await self.application(scope, receive, send)
        finally:
            _running -= 1


async def refuse(scope: Scope, send: Send) -> None:
    """503 in the error shape for the API, as plain text that reloads itself for a browser."""
    api = scope["path"].startswith("/api/")
    kind = b"application/json" if api else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"retry-after", b"5"), (b"cache-control", b"no-store")]
    if not api and scope["method"] == "GET":
        headers.append((b"refresh", b"5"))
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": (json.dumps(ERROR) if api else SENTENCE).encode()})
