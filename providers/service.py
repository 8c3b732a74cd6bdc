"""`AIService`: asking a model from any Django code in three lines, sync or async.

    service = AIService(user=request.user, session_id="import-7")
    response = service.chat(messages=[{"role": "user", "content": "Hello!"}], operation="greeting")
    response.content, response.cost_usd

Everything that the gateway does holds here too: caps, limits, ledger, repeats, breaker, fallback, redaction.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from pydantic import BaseModel

from providers import gateway
from providers.catalog import provider as row_of
from providers.configuration.directory import Directory
from providers.configuration.explicit import ExplicitConnection
from providers.conversation import analyses, structured
from providers.conversation.turns import choice_in, tools_in, turns_of
from providers.exceptions import InvalidInput, UpstreamTimeout
from providers.guard import DATA_IS_DATA, NEVER_REVEAL, clean, fenced, mark
from providers.models import AIAnalysis, AIServiceConfig
from providers.money import output_limits
from providers.runtime import loop
from providers.runtime.hop import hop
from providers.types import AIResponse, Prompt, Purpose

__all__ = ["AIResponse", "AIService", "AIStream"]

T = TypeVar("T")


class AIService:
    """Calls on behalf of one user, whose caps they count against. `session_id` groups their usage rows."""

    def __init__(self, user: Any, session_id: str = "") -> None:
        if getattr(user, "pk", None) is None:
            raise InvalidInput("AIService needs a user who is saved: every call counts against somebody's cap.")
        self.user, self.session_id = user, session_id

    def chat(self, messages: Iterable[Mapping[str, Any]], **how: Any) -> AIResponse:
        """`achat` for code that is not async; blocks its thread. Errors: RuntimeError on a running event loop."""
        return loop.run(self._ask(messages, None, **how))

    async def achat(self, messages: Iterable[Mapping[str, Any]], **how: Any) -> AIResponse:
        """One answer. `messages`: [{"role": "user" | "assistant", "content": text}], the last one is answered.

        operation ("chat"): what the call is for; provider and model: else those of the policy, else the first
        provider with a key; system: server-side instructions; max_tokens: else the operation's own limit
        (`AI_OUTPUT_TOKENS`); temperature; timeout_s; target: a model instance that the call is about; connection:
        an own key and address.
        tools: of a registry, `ToolSpec` or in OpenAI's shape; what the model asks for comes back in `tool_calls`,
        and nothing is run: go on with `response.as_message()` and one {"role": "tool", "tool_call_id", "content"}
        for each call. tool_choice: "auto", "none", "required" or a tool's name. response_model: a Pydantic model;
        the answer comes back validated in `parsed`, or with `validation_errors` after one attempt to repair it.
        Errors: the tree of `providers.exceptions`.
        """
        return await on_its_loop(self._ask(messages, None, **how))

    def analyze_object(self, obj: models.Model, analysis_type: str, prompt: str, **how: Any) -> AIAnalysis:
        """`aanalyze_object` for code that is not async; blocks its thread."""
        return loop.run(self._analyze(obj, analysis_type, prompt, **how))

    async def aanalyze_object(self, obj: models.Model, analysis_type: str, prompt: str, **how: Any) -> AIAnalysis:
        """What a model says of a saved object: asked once per input, stored, and given back after that.

        The input is the object's columns without secrets (or `data`), the type, the prompt, and the names and
        schema that are asked for; `force` asks anew and keeps the old result as history. A caller that comes while
        another asks the same waits for its result. Other arguments are those of `achat`. `.result` holds the
        validated object, the JSON object or {"text": …} that was answered; `.response` the call, None if stored.
        Errors: those of `achat`; what failed can be asked again.
        """
        return await on_its_loop(self._analyze(obj, analysis_type, prompt, **how))

    async def _analyze(
        self,
        obj: models.Model,
        analysis_type: str,
        prompt: str,
        *,
        force: bool = False,
        data: Any = None,
        **how: Any,
    ) -> AIAnalysis:
        kind, brought = how.get("response_model"), how.get("connection")
        names = {
            "provider": how.get("provider") or (brought.provider if brought else ""),
            "model": how.get("model"),
        }
        asked = {
            "prompt": prompt,
            "system": how.get("system"),
            "schema": kind and kind.model_json_schema(),
            **names,
        }
        wish = analyses.wish_for(obj, self.user.pk, analysis_type, data, **asked)
        text, cut = with_data(prompt, wish.input_data["data"])
        how = {"operation": "analyze", **how, "target": obj}
        how["system"] = f"{how.get('system', '')}\n\n{DATA_IS_DATA}".strip()
        return await analyses.analysed(
            replace(wish, cut=cut),
            lambda: self._ask([{"role": "user", "content": text}], None, **how),
            force=force,
            wait_s=how.get("timeout_s") or settings.SENATE_TIMEOUT_SECONDS,
        )

    def astream(self, messages: Iterable[Mapping[str, Any]], **how: Any) -> "AIStream":
        """`achat`, its text piece by piece: `async for piece in stream`, and `stream.response` after that."""
        return AIStream(self, messages, how)

    async def _ask(
        self,
        messages: Iterable[Mapping[str, Any]],
        on_text: Any,
        *,
        operation: str = "chat",
        provider: str = "",
        model: str = "",
        system: str = "",
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout_s: float | None = None,
        target: models.Model | None = None,
        service: str = "",
        connection: ExplicitConnection | None = None,
        tools: Iterable[Any] = (),
        tool_choice: Any = None,
        response_model: type[BaseModel] | None = None,
    ) -> AIResponse:
        if max_tokens is None:
            max_tokens = output_limits.output_limit(operation)
        if not 1 <= max_tokens <= output_limits.MOST:
            raise InvalidInput(f"max_tokens is from 1 to {output_limits.MOST:,}.", param="max_tokens")
        said = turns_of(messages, settings.AI_MAX_INPUT_CHARS)
        slug, name = await hop(chosen, provider, model, connection)
        prompt = Prompt(name, said.messages, max_tokens, f"{system}\n\n{NEVER_REVEAL}".strip(), temperature)
        offered = tools_in(tools)
        prompt = replace(prompt, tools=offered, tool_choice=choice_in(tool_choice, offered))
        about = {"target": f"{target._meta.label_lower}:{target.pk}"} if target is not None else {}
        about |= {"service": service} if service else {}
        purpose = Purpose(self.user.pk, operation, self.session_id, keep_raw=True, metadata=about)
        asking = Asking(slug, purpose, on_text, timeout_s, connection)
        if response_model is None:
            return said.noted(await asking(prompt, first=True))
        return said.noted(await structured.answered(prompt, response_model, asking))


class Asking:
    """The calls of one question, all within one time. Only the first one's text is streamed."""

    def __init__(
        self,
        provider: str,
        purpose: Purpose,
        on_text: Any,
        timeout_s: float | None,
        connection: ExplicitConnection | None,
    ) -> None:
        self._provider, self._purpose, self._on_text, self._connection = provider, purpose, on_text, connection
        self._deadline = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s

    async def __call__(self, prompt: Prompt, *, first: bool) -> AIResponse:
        left = None if self._deadline is None else self._deadline - asyncio.get_running_loop().time()
        if left is not None and left <= 0 and not first:
            raise UpstreamTimeout("There was no time left to ask again.", provider=self._provider)
        purpose = self._purpose
        if not first:
            purpose = replace(purpose, metadata={**purpose.metadata, "repair": True})
        return await gateway.ask(
            prompt,
            self._provider,
            purpose,
            on_text=self._on_text if first else None,
            timeout_s=left,
            connection=self._connection,
        )


class AIStream:
    """Text as it comes. Leaving the loop early cancels the call upstream; what was produced is booked.

    `response`: the whole answer with its figures, None until the text has ended.
    """

    def __init__(self, service: AIService, messages: Iterable[Mapping[str, Any]], how: dict[str, Any]) -> None:
        self._service, self._messages, self._how = service, messages, how
        self.response: AIResponse | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        here, pieces = asyncio.get_running_loop(), asyncio.Queue[str | None]()

        def put(piece: str | None) -> None:
            here.call_soon_threadsafe(pieces.put_nowait, piece)

        call = asyncio.ensure_future(on_its_loop(self._service._ask(self._messages, put, **self._how)))
        call.add_done_callback(lambda _: put(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            self.response = await call
        finally:
            if not call.done():
                call.cancel()
                await asyncio.wait([call])


def with_data(prompt: str, data: Any) -> tuple[str, int]:
    """The prompt, and the data between random boundaries; how many characters of it were left out."""
    room = settings.AI_MAX_INPUT_CHARS - len(prompt) - 200
    if room < 0:
        raise InvalidInput("The prompt is longer than the input limit.", param="prompt")
    written = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=1)
    cleaned = clean(written, room)
    return f"{prompt}\n\n{fenced(mark(), 'data', cleaned.text)}", cleaned.cut


def chosen(provider: str, model: str, own: ExplicitConnection | None = None) -> tuple[str, str]:
    """(provider, model): as named, else the policy's default, else the first that can be called. Sync."""
    if own is not None:
        name = model or row_of(own.provider).default_model
        if not name:
            raise InvalidInput(f"{row_of(own.provider).name} has no default model: name one.", param="model")
        return own.provider, name
    config, directory = AIServiceConfig.get_instance(), Directory()
    if not provider and config.default_provider:
        provider, model = config.default_provider, model or config.default_model
    if not provider:
        first = directory.members()[0]
        return first.provider, model or first.model
    seat = directory.resolve(f"{provider}/{model}" if model else provider)
    return seat.provider, seat.model


async def on_its_loop(work: Coroutine[Any, Any, T]) -> T:
    """HTTP clients live on the process's loop: from another one the work is handed over.

    A cancelled caller cancels the work, and waits until it is booked.
    """
    here, owner = asyncio.get_running_loop(), loop.current()
    if owner is here:
        return await work
    result: asyncio.Future[T] = here.create_future()
    tasks: list[asyncio.Task[T]] = []

    def begin() -> None:
        tasks.append(asyncio.ensure_future(work))
        tasks[0].add_done_callback(lambda task: here.call_soon_threadsafe(settle, task))

    def settle(task: asyncio.Task[T]) -> None:
        if task.cancelled():
            result.cancel()
        elif error := task.exception():
            result.set_exception(error)
        else:
            result.set_result(task.result())

    owner.call_soon_threadsafe(begin)
    try:
        return await asyncio.shield(result)
    except asyncio.CancelledError:
        owner.call_soon_threadsafe(lambda: tasks[0].cancel())
        await asyncio.wait([result])
        if not result.cancelled():
            result.exception()  # looked at: nobody else will
        raise
