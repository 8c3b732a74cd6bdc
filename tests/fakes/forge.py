"""Three forges in one small server. Pull requests live in memory; `faults` says what goes wrong next."""

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.fakes.forges import bitbucket, github, gitlab
from tests.fakes.forges.state import TOKEN, Absent, Answer, FakeForge, Fault, Pull

__all__ = ["TOKEN", "FakeForge", "Fault", "Pull", "running"]


@contextmanager
def running() -> Iterator[FakeForge]:
    forge = FakeForge()
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler(forge))
    forge.url = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        web.shutdown()
        web.server_close()
        thread.join(30)


def token_of(headers: Mapping[str, str]) -> str:
    """As each forge takes it: a header of its own, Bearer, or Basic with the token as password."""
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        return base64.b64decode(given).decode().partition(":")[2]
    return headers.get("PRIVATE-TOKEN") or given


def refusal(path: str, token: str) -> Answer:
    if path.startswith("/bitbucket"):
        return bitbucket.refused(f"Token {token} is invalid, expired, or not supported for this endpoint.", 401)
    return 401, {
        "message": f"401 Unauthorized {token}" if path.startswith("/gitlab") else f"Bad credentials {token}"
    }


def handler(forge: FakeForge) -> type[BaseHTTPRequestHandler]:
    routes = [*github.routes(forge), *gitlab.routes(forge), *bitbucket.routes(forge)]

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            forge.requests.append((self.command, path))
            given = token_of(self.headers)
            forge.tokens.append(given)
            fault = next((f for f in forge.faults if f.method == self.command and path.endswith(f.ending)), None)
            if fault:
                forge.faults.remove(fault)
            if fault and not fault.after:
                return self._fail(fault)
            if given != forge.token:
                return self._answer(*refusal(path, given))
            status, body = self._route(path, query, json.loads(raw) if raw else None)
            return self._fail(fault) if fault else self._answer(status, body)

        def _route(self, path: str, query: str, body: Any) -> Answer:
            if path.startswith("/github") and not self.headers.get("User-Agent"):
                return 403, {"message": "Request forbidden by administrative rules."}
            for method, pattern, serve in routes:
                if method == self.command and (found := re.fullmatch(pattern, path)):
                    try:
                        return serve(parse_qs(query), body, *(unquote(g) for g in found.groups()))
                    except Absent:
                        break
            return 404, {"message": "Not Found"}

        def _fail(self, fault: Fault) -> None:
            if fault.status:
                return self._answer(fault.status, {"message": "Fault"}, fault.headers)
            self.close_connection = True  # no answer at all
            return None

        def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815

    return Api
