"""Refusals before Django is asked: one sentence, as an error object for the API, as plain text for a browser."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiops_site.web import csp

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


def shaped(path: str, sentence: str, type: str, code: str) -> tuple[bytes, bytes]:
    """(content type, body) of that error at that address."""
    if not path.startswith("/api/"):
        return b"text/plain; charset=utf-8", sentence.encode()
    error = {"message": sentence, "type": type, "code": code, "param": None}
    return b"application/json", json.dumps({"error": error}).encode()


async def refuse(
    scope: Scope, send: Send, status: int, sentence: str, type: str, code: str, *more: Header
) -> None:
    """The whole answer."""
    kind, body = shaped(scope["path"], sentence, type, code)
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *more]
    send = csp.with_headers(send)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
