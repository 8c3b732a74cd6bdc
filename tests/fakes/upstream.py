"""A real HTTP server on loopback that speaks OpenAI chat completions and Anthropic messages.

    python -m tests.fakes.upstream --port 9100        # for trying by hand

What it does is chosen by the ending of the model's name (`any-name-cut`), by `script()` for the next
calls, or by POST /_control {"mode", "script", "pause"}. The modes are listed in `MODES`; a number from
400 to 599 is a mode too. Keys that begin with `sk-` are taken, others are refused.
"""

import argparse
import asyncio
import gzip
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from tests.fakes.dialects import Answer, AnthropicDialect, OpenAIDialect, written

MODES = {
    "ok": "a good answer",
    "slow": "a pause before each piece of the stream (`pause` seconds)",
    "hold": "waits for `release()` before it answers",
    "hang": "takes the request and never answers",
    "hangmid": "half a stream, then nothing more",
    "reset": "drops the connection without an answer",
    "html": "a web page with status 200",
    "badjson": "broken JSON with status 200",
    "empty": "status 200 and nothing",
    "cut": "half an answer, then drops the connection",
    "nodone": "a stream that ends without its end",
    "nousage": "reports no usage",
    "negusage": "reports negative usage",
    "hugeusage": "reports absurd usage",
    "strusage": "reports usage as text",
    "errorevent": "an error inside a status 200",
    "nullcontent": "an answer without text",
    "nochoices": "an answer without choices",
    "echokey": "a 401 that echoes the Authorization header",
    "huge": "more than 8 MB",
    "bomb": "a small gzip that holds 64 MB",
    "redirect": "a 302 to another place",
}
MODELS = ["fake-optimist", "fake-sceptic", "fake-engineer", "fake-cautious", "fake-brief"]
USAGE_LIES = {"negusage": -5, "hugeusage": 10**15, "strusage": "twelve"}


@dataclass
class Call:
    """One request as it came. `outcome`: open, done, or left (the client went away first)."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    outcome: str = "open"


@dataclass
class State:
    mode: str = ""
    script: deque[str] = field(default_factory=deque)
    pause: float = 0.05
    calls: list[Call] = field(default_factory=list)


class FakeUpstream:
    """The server in a thread of its own. Use as a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._state = State()
        self._change = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._release = asyncio.Event()
        self._dialects = (OpenAIDialect(), AnthropicDialect())

    # For tests -----------------------------------------------------------------------------

    @property
    def port(self) -> int:
        return self._port

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def openai_url(self) -> str:
        return f"http://{self.netloc}/v1"

    @property
    def anthropic_url(self) -> str:
        return f"http://{self.netloc}"

    @property
    def calls(self) -> list[Call]:
        """Every request so far, those to `/_control` excepted."""
        return self._state.calls

    def script(self, *modes: str) -> None:
        """The modes of the next calls, in order; they go before the model's name."""
        self._state.script.extend(modes)

    def set_pause(self, seconds: float) -> None:
        self._state.pause = seconds

    def release(self) -> None:
        """Lets the calls in mode `hold` go on."""
        self._loop.call_soon_threadsafe(self._release.set)

    def wait_for(self, condition: Any, timeout: float = 5.0) -> None:
        """Waits until `condition(calls)` is true; raises AssertionError after `timeout` seconds."""
        with self._change:
            assert self._change.wait_for(lambda: condition(self._state.calls), timeout), self._state.calls

    def reset(self) -> None:
        self.release()
        self._state = State()
        self._loop.call_soon_threadsafe(self._release.clear)

    def __enter__(self) -> "FakeUpstream":
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-upstream", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # The server ----------------------------------------------------------------------------

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for dialect in self._dialects:
            app.router.add_post(dialect.path, partial(self._recorded, dialect=dialect))
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/key", self._models)
        app.router.add_post("/_control", self._control)
        app.router.add_get("/_calls", self._list_calls)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def _control(self, request: web.Request) -> web.Response:
        wish = await request.json()
        self._state.mode = wish.get("mode", self._state.mode)
        self._state.script.extend(wish.get("script", ()))
        self._state.pause = float(wish.get("pause", self._state.pause))
        if wish.get("release"):
            self._release.set()
        return web.json_response({"mode": self._state.mode, "script": list(self._state.script)})

    async def _list_calls(self, request: web.Request) -> web.Response:
        return web.json_response([vars(call) for call in self._state.calls])

    def _record(self, request: web.Request, body: Any) -> Call:
        call = Call(request.method, request.path_qs, dict(request.headers), body)
        with self._change:
            self._state.calls.append(call)
            self._change.notify_all()
        return call

    def _finish(self, call: Call, outcome: str) -> None:
        with self._change:
            call.outcome = outcome
            self._change.notify_all()

    def _refuse_key(self, request: web.Request, dialect: Any) -> web.Response | None:
        key = request.headers.get("x-api-key") or request.headers.get("Authorization", "")
        key = key.removeprefix("Bearer ")
        if key.startswith("sk-"):
            return None
        shown = f"{key[:3]}***{key[-2:]}"
        return web.json_response(dialect.error(401, f"Incorrect API key provided: {shown}."), status=401)

    async def _models(self, request: web.Request) -> web.Response:
        dialect = self._dialects[1] if "anthropic-version" in request.headers else self._dialects[0]
        call = self._record(request, None)
        mode = self._state.script.popleft() if self._state.script else self._state.mode
        answer = self._refuse_key(request, dialect) or await self._before(request, dialect, mode)
        self._finish(call, "done")
        return answer or web.json_response(dialect.models(MODELS))

    async def _recorded(self, request: web.Request, dialect: Any) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
        except ValueError:
            return web.json_response(dialect.error(400, "The body is not JSON."), status=400)
        call = self._record(request, body)
        try:
            answer = await self._answer(request, dialect, body)
        except (asyncio.CancelledError, ConnectionError):
            self._finish(call, "left")
            raise
        self._finish(call, "done")
        return answer

    def _mode(self, body: dict[str, Any]) -> str:
        if self._state.script:
            return self._state.script.popleft()
        ending = str(body.get("model", "")).rpartition("-")[2]
        known = ending in MODES or (ending.isdigit() and 400 <= int(ending) < 600)
        return ending if known else self._state.mode or "ok"

    async def _answer(self, request: web.Request, dialect: Any, body: dict[str, Any]) -> web.StreamResponse:
        refusal = dialect.refuse(request.headers, body)
        if refusal:
            return web.json_response(dialect.error(*refusal), status=refusal[0])
        mode = self._mode(body)
        early = self._refuse_key(request, dialect) or await self._before(request, dialect, mode)
        if early is not None:
            return early
        answer = self._write(dialect, body, mode)
        if body.get("stream"):
            return await self._stream(request, dialect, body, answer, mode)
        if mode == "errorevent":
            return web.json_response(dialect.error(500, "The engine is overloaded"))
        data = dialect.whole(answer)
        if mode == "nochoices":
            data |= {"choices": [], "content": []}
        text = json.dumps(data)
        if mode == "badjson":
            return web.Response(text=text[: len(text) // 2], content_type="application/json")
        if mode == "cut":
            return await self._cut(request, text)
        return web.Response(text=text, content_type="application/json")

    async def _before(self, request: web.Request, dialect: Any, mode: str) -> web.StreamResponse | None:
        """The answers that need no dialect's shape; None goes on."""
        if mode == "hold":
            await self._release.wait()
        elif mode == "hang":
            await asyncio.Event().wait()
        elif mode == "reset":
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        elif mode.isdigit():
            headers = {"Retry-After": "7"} if mode == "429" else {}
            body = dialect.error(int(mode), "The fake upstream was told to fail.")
            return web.json_response(body, status=int(mode), headers=headers)
        elif mode == "echokey":
            sent = request.headers.get("Authorization", "")
            return web.json_response(dialect.error(401, f"Rejected: {sent}"), status=401)
        elif mode == "html":
            return web.Response(text="<!doctype html><html><body>Sign in</body></html>", content_type="text/html")
        elif mode == "empty":
            return web.Response(body=b"", content_type="application/json")
        elif mode == "redirect":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
        elif mode == "huge":
            return web.Response(text=json.dumps({"pad": "x" * (9 * 1024 * 1024)}), content_type="application/json")
        elif mode == "bomb":
            packed = gzip.compress(b'"' + b"x" * (64 * 1024 * 1024) + b'"', compresslevel=6)
            return web.Response(
                body=packed, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
            )
        return None

    def _write(self, dialect: Any, body: dict[str, Any], mode: str) -> Answer:
        question = str(body["messages"][-1].get("content"))
        text = written(str(body.get("model")), question, dialect.schema(body))
        words, limit = text.split(" "), dialect.limit(body)
        kept = words[:limit] if limit else words
        pieces = [word if at == 0 else f" {word}" for at, word in enumerate(kept)]
        lie = USAGE_LIES.get(mode)
        return Answer(
            id=f"fake-{len(self._state.calls)}",
            model=str(body.get("model")),
            text=None if mode == "nullcontent" else "".join(pieces),
            tokens_in=len(dialect.prompt_text(body).split()) + 4 if lie is None else lie,
            tokens_out=len(kept) if lie is None else lie,
            finish="stop" if len(kept) == len(words) else "length",
            reports_usage=mode != "nousage",
            pieces=[] if mode == "nullcontent" else pieces,
        )

    async def _cut(self, request: web.Request, text: str) -> web.StreamResponse:
        answer = web.StreamResponse(
            headers={"Content-Type": "application/json", "Content-Length": str(len(text.encode()))}
        )
        await answer.prepare(request)
        await answer.write(text.encode()[: len(text) // 2])
        raise ConnectionResetError

    async def _stream(
        self, request: web.Request, dialect: Any, body: dict[str, Any], answer: Answer, mode: str
    ) -> web.StreamResponse:
        head, deltas, tail = dialect.stream(answer, body)
        half = deltas[: len(deltas) // 2]
        plans = {
            "cut": [*head, *half],
            "hangmid": [*head, *half],
            "nodone": [*head, *deltas],
            "nochoices": [*head, *tail[-1:]],
            "errorevent": [*head, *half, dialect.error_event()],
            "badjson": [*head, *half, b'data: {"id": "x", "choi\n\n', *tail],
        }
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for event in plans.get(mode, [*head, *deltas, *tail]):
            if mode == "slow":
                await asyncio.sleep(self._state.pause)
            await response.write(event)
        if mode == "hangmid":
            await asyncio.Event().wait()
        if mode == "cut":
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        await response.write_eof()
        return response


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9100)
    with FakeUpstream(parser.parse_args().port) as fake:
        print(f"OpenAI base URL {fake.openai_url}, Anthropic base URL {fake.anthropic_url}; Ctrl-C stops.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
