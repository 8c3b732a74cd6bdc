"""The chat lane: `chat/completions` and `chat/stream` as a small ASGI handler beside Django.

It calls the same doors as every page (identity, policy of roles, throttle, gateway, Senate) without the
per-request price of Django's middleware, and cancels the upstream call when the client goes away.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from providers.access import idempotency
from providers.exceptions import AIServiceError
from providers.network import request_id
from providers.outage import as_outage
from providers.runtime import loop
from providers.runtime.hop import hop
from senate.lane import sse
from senate.lane.admission import Admitted, admit
from senate.lane.chat_request import ChatRequest, parse
from senate.lane.pieces import Pieces
from senate.lane.repeats import Once

logger = logging.getLogger(__name__)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PREFIX = "/api/v1/ai/chat/"
ROUTES = {"completions": False, "completions/": False, "stream": True, "stream/": True}
MAX_BODY = 2 * 1024 * 1024
_JSON = json.JSONEncoder(default=str)  # made once: `json.dumps` makes one for every call with options
ALIVE_EVERY_S = 12.0  # proxies are promised a sign of life every 15


class Refused(AIServiceError):
    """What the lane itself refuses, before any door is asked."""

    type = "invalid_request_error"

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message, code=code)
        self.http_status = status


class ClientGone(Exception):
    """The client closed the connection."""


async def chat_lane(scope: Scope, receive: Receive, send: Send) -> None:
    """One request. Errors before the answer starts are JSON with a status; after it, an SSE error event."""
    loop.adopt(asyncio.get_running_loop())
    out = Answer(send, request_id_of(scope))
    token = request_id.current.set(out.request_id)
    try:
        await serve(scope, receive, out)
    except ClientGone:
        return
    except AIServiceError as error:
        await out.fail(error)
    except Exception as error:
        logger.exception("chat lane failed")
        ours = AIServiceError("This failed on our side. Give the request id to your admin.")
        await out.fail(await hop(as_outage, error) or ours)
    finally:
        request_id.current.reset(token)


async def serve(scope: Scope, receive: Receive, out: "Answer") -> None:
    route = scope["path"].removeprefix(PREFIX)
    if route not in ROUTES:
        raise Refused(404, "There is nothing at this address.", "not_found")
    if scope["method"] != "POST":
        out.headers["Allow"] = "POST"
        raise Refused(405, f"Method {scope['method']} is not allowed here; use POST.", "method_not_allowed")
    body = await read_body(scope, receive)
    admitted = await admit(scope)
    out.headers.update(admitted.standing.headers())
    request = parse(body)
    once = Once(key_of(scope), body)
    streaming = ROUTES[route] or request.stream
    work = stream(request, admitted, once, out) if streaming else whole(request, admitted, once, out)
    await until_gone(work, receive)


async def whole(request: ChatRequest, admitted: Admitted, once: Once, out: "Answer") -> None:
    answer = await once.answer(request, admitted)
    out.replayed(once)
    usage = sse.usage(answer.input_tokens, answer.output_tokens)
    shape = sse.completion(
        id=new_id(),
        model=answer.model,
        content=answer.content,
        usage=usage,
        metadata=answer.metadata,
        tool_calls=answer.tool_calls,
    )
    await out.json(200, shape)


async def stream(request: ChatRequest, admitted: Admitted, once: Once, out: "Answer") -> None:
    """Chunks as they come; comments keep proxies awake while a committee works."""
    pieces = Pieces(ALIVE_EVERY_S)
    chunks = sse.Chunks(new_id(), request.model)
    ready = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(
        once.answer(
            request,
            admitted,
            on_text=lambda piece: pieces.put(chunks.text(piece)),
            on_call=lambda delta: pieces.put(chunks.call(delta)),
            on_news=lambda words: pieces.put(sse.comment(words)),
            on_ready=lambda: ready.done() or ready.set_result(None),
        )
    )
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await task  # raises what went wrong before anything was spent
        out.replayed(once)
        await out.start(200, "text/event-stream; charset=utf-8")
        await out.body(chunks.first())
        await _pump(task, pieces, out)
        answer = await task
        await out.body(chunks.last(answer.metadata.pop("finish_reason", "stop"), answer.metadata))
        if request.stream_options and request.stream_options.include_usage:
            await out.body(chunks.usage(sse.usage(answer.input_tokens, answer.output_tokens)))
        await out.body(sse.DONE, last=True)
    finally:
        pieces.close()
        await _stop(task)


async def _pump(task: asyncio.Future[Any], pieces: Pieces, out: "Answer") -> None:
    """Sends what is put until the work is done."""
    task.add_done_callback(pieces.wake)
    while True:
        if not task.done():
            await pieces.wait()
        if taken := pieces.take():
            await out.body(taken)
        elif task.done():
            return
        else:
            await out.body(sse.comment("still working"))


async def _stop(task: asyncio.Future[Any]) -> None:
    """Cancels the work and waits until it is booked; its own error was raised already where it counts."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


async def until_gone(work: Awaitable[None], receive: Receive) -> None:
    """Runs `work` in this task, beside a watcher on the connection: a client that leaves cancels it."""
    worker, gone = asyncio.current_task(), False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if worker is not None:
            worker.cancel()

    watcher = asyncio.ensure_future(watch())
    try:
        await work
    except asyncio.CancelledError:
        if not gone or worker is None:
            raise  # the server ends this, not the client
        worker.uncancel()
        raise ClientGone from None
    finally:
        watcher.cancel()


async def read_body(scope: Scope, receive: Receive) -> bytes:
    headers = dict(scope["headers"])
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Refused(415, "Send the body as Content-Type: application/json.", "unsupported_media_type")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:18]) > MAX_BODY:
        raise Refused(413, "The body is over 2 MB.", "body_too_large")
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise Refused(413, "The body is over 2 MB.", "body_too_large")
        if not message.get("more_body"):
            return b"".join(parts)


class Answer:
    """Sends one HTTP answer; knows whether it has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id = send, request_id
        self.begun = False
        self.headers: dict[str, str] = {"X-Request-Id": request_id, "Cache-Control": "no-store"}
        self.headers["X-Content-Type-Options"] = "nosniff"

    def replayed(self, once: Once) -> None:
        if once.replayed:
            self.headers["Idempotent-Replayed"] = "true"

    async def start(self, status: int, content_type: str, **more: str) -> None:
        self.begun = True
        headers = {**self.headers, "Content-Type": content_type, **more}
        lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": lines})

    async def body(self, data: bytes, *, last: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def json(self, status: int, shape: dict[str, Any]) -> None:
        data = _JSON.encode(shape).encode()
        await self.start(status, "application/json", **{"Content-Length": str(len(data))})
        await self.body(data, last=True)

    async def fail(self, error: AIServiceError) -> None:
        """One clear error in the shape of the surface: JSON before the stream began, an event after."""
        if self.begun:
            await self.body(sse.error(error.as_dict()) + sse.DONE, last=True)
            return
        self.headers.update(getattr(error, "headers", {}))
        if error.retry_after is not None:
            self.headers["Retry-After"] = str(max(1, round(error.retry_after)))
        if not error.retryable:
            self.headers["x-should-retry"] = "false"  # official clients would ask, and pay, again after any 5xx
        if error.http_status == 401:
            self.headers["WWW-Authenticate"] = "Bearer"
        await self.json(error.http_status, {"error": error.as_dict()})


def key_of(scope: Scope) -> str:
    """The Idempotency-Key, "" where none was sent. Errors: InvalidInput for one that is none."""
    given = dict(scope["headers"]).get(b"idempotency-key")
    return "" if given is None else idempotency.proper(given.decode("latin-1"))


def new_id() -> str:
    return f"chatcmpl-{os.urandom(16).hex()}"


def request_id_of(scope: Scope) -> str:
    return request_id.taken(dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1"))
