"""A real HTTP server on loopback that speaks every wire's protocol: OpenAI chat completions and Anthropic
messages at its root, the others each under a path of its own (`url("gemini")`, `tests/fakes/followers.py`).

    python -m tests.fakes.upstream --port 9100 --mode slow        # for trying by hand

What it does is chosen by the ending of the model's name (`any-name-cut`), by `script()` for the next
calls, or by POST /_control {"mode", "script", "pause"}. The modes are listed in `tests/fakes/modes.py`;
a number from 400 to 599 is one too. Keys that begin with `sk-` are taken, others are refused.
"""

import argparse
import asyncio
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from tests.fakes import balances, modes
from tests.fakes.dialects import AnthropicDialect, OpenAIDialect
from tests.fakes.followers import FOLLOWERS
from tests.fakes.google import GeminiDialect
from tests.fakes.jules import JulesServer
from tests.fakes.ollama import OllamaDialect

BASE_PATHS = {
    "openai": "/v1",
    "claude": "",
    "gemini": "/gemini",
    "ollama": "/ollama",
    "mistral": "/mistral",
    "cloudflare": "/cloudflare",
    "grok": "/xai/v1",
    "groq": "/groq/openai/v1",
    "deepseek": "/deepseek",
    "openrouter": "/openrouter/v1",
    "nvidia": "/nvidia/v1",
    "jules": "/jules/v1alpha",
}
MODELS = ["fake-optimist", "fake-sceptic", "fake-engineer", "fake-cautious", "fake-brief"]


@dataclass
class Call:
    """One request as it came. `outcome`: open, done, or left (the client went away first). `bill`: model, tokens
    in and tokens out; None where no answer was written."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    outcome: str = "open"
    bill: tuple[str, Any, Any] | None = None


@dataclass
class State:
    mode: str = ""
    script: deque[str] = field(default_factory=deque)
    pause: float = 0.05
    choose: Any = None
    calls: list[Call] = field(default_factory=list)


class FakeUpstream:
    """The server in a thread of its own. Use as a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._state = State()
        self._change = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._release = asyncio.Event()
        self._openai, self._anthropic = OpenAIDialect(), AnthropicDialect()
        others = (GeminiDialect(), OllamaDialect(), *(kind() for kind in FOLLOWERS))
        self._dialects = (self._openai, self._anthropic, *others)
        self.jules = JulesServer()

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

    def url(self, provider: str) -> str:
        """The base URL that a catalog row's wire takes for this server."""
        return f"http://{self.netloc}{BASE_PATHS[provider]}"

    @property
    def calls(self) -> list[Call]:
        """Every request so far, those to `/_control` excepted."""
        return self._state.calls

    def script(self, *modes: str) -> None:
        """The modes of the next calls, in order; they go before the model's name."""
        self._state.script.extend(modes)

    def set_mode(self, mode: str, pause: float = 0.05) -> None:
        """The mode of all calls whose model names none; `pause` is the one of mode `slow`, in seconds."""
        self._state.mode, self._state.pause = mode, pause

    def choose(self, mode_of: Any) -> None:
        """A function of (body, model) that gives a call's mode, or None where it has no opinion."""
        self._state.choose = mode_of

    def release(self) -> None:
        """Lets the calls in mode `hold` go on."""
        self._loop.call_soon_threadsafe(self._release.set)

    def hold_again(self) -> None:
        """Calls in mode `hold` wait once more."""
        self._loop.call_soon_threadsafe(self._release.clear)

    def wait_for(self, condition: Any, timeout: float = 60.0) -> None:
        """Waits until `condition(calls)` is true; raises AssertionError after `timeout` seconds."""
        with self._change:
            assert self._change.wait_for(lambda: condition(self._state.calls), timeout), self._state.calls

    def reset(self) -> None:
        self.release()
        self._state = State()
        self.jules.reset()
        self.hold_again()

    def __enter__(self) -> "FakeUpstream":
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-upstream", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for dialect in self._dialects:
            app.router.add_post(dialect.path, partial(self._recorded, dialect=dialect))
            if dialect.models_path:
                app.router.add_get(dialect.models_path, partial(self._models, dialect=dialect))
        app.router.add_get("/v1/key", partial(self._models, dialect=self._openai))
        for path in balances.PATHS:
            app.router.add_get(path, self._balance)
        app.router.add_route("*", "/jules/v1alpha/{tail:.*}", self._jules)
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
        key = dialect.key(request.headers)
        if key.startswith("sk-") or (dialect.keyless and not key):
            return None
        status, body = dialect.key_refusal(f"{key[:3]}***{key[-2:]}")
        return web.json_response(body, status=status)

    def _scripted(self) -> str:
        return self._state.script.popleft() if self._state.script else self._state.mode

    async def _models(self, request: web.Request, dialect: Any) -> web.Response:
        if dialect is self._openai and "anthropic-version" in request.headers:
            dialect = self._anthropic  # they share the path
        call = self._record(request, None)
        mode = self._scripted()
        answer = self._refuse_key(request, dialect) or await modes.early(request, dialect, mode, self._release)
        self._finish(call, "done")
        return answer or web.json_response(dialect.models(MODELS))

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        call = self._record(request, None)
        mode = self._scripted()
        answer = self._refuse_key(request, self._openai)
        answer = answer or await modes.early(request, self._openai, mode, self._release)
        self._finish(call, "done")
        return answer or web.json_response(balances.answer(request.path, self._openai.key(request.headers)))

    async def _jules(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        call = self._record(request, json.loads(text) if text else None)
        mode = self._scripted()
        answer = self._refuse_key(request, self.jules)
        answer = answer or await modes.early(request, self.jules, mode, self._release)
        self._finish(call, "done")
        return answer or self.jules.answer(request, call.body)

    async def _recorded(self, request: web.Request, dialect: Any) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
        except ValueError:
            return web.json_response(dialect.error(400, "The body is not JSON."), status=400)
        call = self._record(request, body)
        try:
            answer = await self._answer(request, dialect, call)
        except (asyncio.CancelledError, ConnectionError):
            self._finish(call, "left")
            raise
        self._finish(call, "done")
        return answer

    def _mode(self, model: str, body: Any) -> str:
        if self._state.choose and (chosen := self._state.choose(body, model)):
            return str(chosen)
        if self._state.script:
            return self._state.script.popleft()
        ending = model.rpartition("-")[2]
        return ending if modes.is_mode(ending) else self._state.mode or "ok"

    async def _answer(self, request: web.Request, dialect: Any, call: Call) -> web.StreamResponse:
        body = call.body
        refusal = dialect.refuse(request.headers, body)
        if refusal:
            return web.json_response(dialect.error(*refusal), status=refusal[0])
        model = dialect.model(body, request.path)
        mode = self._mode(model, body)
        early = self._refuse_key(request, dialect) or await modes.early(request, dialect, mode, self._release)
        if early is not None:
            return early
        answer = modes.compose(dialect, body, model, mode, len(self._state.calls))
        call.bill = (model, answer.tokens_in, answer.tokens_out)
        if dialect.streams(body, request.path):
            return await modes.stream(request, dialect, body, answer, mode, self._state.pause)
        if mode == "errorevent":
            return web.json_response(dialect.error(500, "The engine is overloaded"))
        data = dialect.whole(answer)
        if mode == "nochoices":
            data = dialect.emptied(data)
        text = json.dumps(data)
        if mode == "badjson":
            return web.Response(text=text[: len(text) // 2], content_type="application/json")
        if mode == "cut":
            return await modes.cut(request, text)
        return web.Response(text=text, content_type="application/json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--mode", default="ok", choices=modes.MODES)
    parser.add_argument("--pause", type=float, default=0.03, help="seconds before each piece in mode slow")
    wish = parser.parse_args()
    with FakeUpstream(wish.port) as fake:
        fake.set_mode(wish.mode, wish.pause)
        print(f"OpenAI base URL {fake.openai_url}, Anthropic base URL {fake.anthropic_url}; Ctrl-C stops.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
