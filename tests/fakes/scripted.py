"""A chat endpoint in OpenAI's dialect that says what a script tells it to, and keeps what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Turn = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]


def calls(*asked: tuple[str, dict[str, Any] | str], says: str = "") -> dict[str, Any]:
    """A turn that asks for tools: (name, arguments or their broken text)."""
    made = [
        {
            "id": f"call_{at}",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for at, (name, given) in enumerate(asked)
    ]
    return {"role": "assistant", "content": says or None, "tool_calls": made}


def concludes(answer: str, *evidence: tuple[str, str]) -> dict[str, Any]:
    claims = [{"url": url, "says": says} for url, says in evidence]
    return calls(("conclude", {"answer": answer, "evidence": claims}))


class Scripted:
    """`turns` are said in order, the last one again and again. `asked`: the bodies that came."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.netloc = f"127.0.0.1:{port}"
        self.turns: list[Turn] = []
        self.asked: list[dict[str, Any]] = []

    def says(self, *turns: Turn) -> "Scripted":
        self.turns, self.asked = list(turns), []
        return self

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(body)
        turn = self.turns[min(len(self.asked), len(self.turns)) - 1]
        message = turn(body) if callable(turn) else turn
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        return {
            "id": f"scripted-{len(self.asked)}",
            "object": "chat.completion",
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }


@contextmanager
def running() -> Iterator[Scripted]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(server_state.answer(body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server_state = Scripted(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server_state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
