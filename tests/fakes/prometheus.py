"""A Prometheus server's instant-query API: `values` maps a piece of a query to what it answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Prometheus:
    """`body`: an answer instead of the honest one; `asked`: the queries so far."""

    url: str = ""
    values: dict[str, str] = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    asked: list[str] = field(default_factory=list)

    def answer(self, query: str) -> bytes:
        self.asked.append(query)
        if self.body is not None:
            return self.body
        known = next((value for piece, value in self.values.items() if piece in query), None)
        result = [] if known is None else [{"metric": {}, "value": [1_700_000_000.0, known]}]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


@contextmanager
def running() -> Iterator[Prometheus]:
    fake = Prometheus()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            known = parts.path == "/api/v1/query"
            body = fake.answer(parse_qs(parts.query).get("query", [""])[0]) if known else b"404 page not found"
            self.send_response(fake.status if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
