"""An upstream that costs next to nothing: OpenAI's chat completions by a bare asyncio protocol.

    python -m tests.benchmarks.upstream --port 9240

Every answer is the same; a stream sends its first word at once and the others `GAP_S` apart.
"""

import argparse
import asyncio
import json
from typing import Any

from tests.benchmarks.words import ANSWER, MODEL

GAP_S = 0.05
USAGE = {"prompt_tokens": 60, "completion_tokens": len(ANSWER), "total_tokens": 60 + len(ANSWER)}
HEAD = {"id": "chatcmpl-bench", "created": 1_790_000_000, "model": MODEL}


def _whole() -> bytes:
    message = {"role": "assistant", "content": "".join(ANSWER)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    data = json.dumps({**HEAD, "object": "chat.completion.chunk", "choices": choices, **more})
    return _chunk(f"data: {data}\n\n".encode())


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _delta(delta: dict[str, str], finish: str | None = None) -> list[dict[str, Any]]:
    return [{"index": 0, "delta": delta, "finish_reason": finish}]


WHOLE = _whole()
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = [_event(_delta({"content": word})) for word in ANSWER]
FIRST = STREAM_HEAD + _event(_delta({"role": "assistant", "content": ""})) + PIECES[0]
LAST = _event(_delta({}, "stop")) + _event([], usage=USAGE) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Upstream(asyncio.Protocol):
    """One connection, kept open; one request after the other."""

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            at = self._held.lower().find(b"content-length:", 0, end)
            size = int(self._held[at + 15 : self._held.index(b"\r\n", at)]) if at >= 0 else 0
            whole = end + 4 + size
            if len(self._held) < whole:
                return
            body, self._held = self._held[end + 4 : whole], self._held[whole:]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if b'"stream":true' not in body and b'"stream": true' not in body:
            self._transport.write(WHOLE)
            return
        self._transport.write(FIRST)
        asyncio.get_running_loop().call_later(GAP_S, self._go_on, 1)

    def _go_on(self, at: int) -> None:
        if self._transport.is_closing():
            return
        if at == len(PIECES):
            self._transport.write(LAST)
            return
        self._transport.write(PIECES[at])
        asyncio.get_running_loop().call_later(GAP_S, self._go_on, at + 1)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    asyncio.run(serve(options.parse_args().port))
