"""The OpenAI Chat Completions wire, spoken by OpenAI and most of its followers. See docs/decisions/0009."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from providers.network.transport import FAULTS
from providers.types import Meter, ModelInfo, Prompt, Reply
from providers.wires.base import ChatWire, drain, text_of, words
from providers.wires.translate import ANY_OBJECT, openai_tools, openai_turn, system_of, take_openai_calls
from providers.wires.usage import openai_usage, section


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a follower differs in what it is sent.

    `structured` "object": it takes no schema, only "some JSON object"; the schema then goes into the
    system prompt. "prompt": not even that. `key_check`: a path that needs the key, where the list of
    models needs none. `extra`: more that goes along with each request. `call_id`: the ids of tool calls that it
    takes; a conversation may have begun with another provider. `strict_tools`: it knows strict tools.
    """

    max_tokens: str = "max_tokens"
    structured: Literal["schema", "object", "prompt"] = "schema"
    key_check: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    call_id: re.Pattern[str] = re.compile(r".{1,40}", re.DOTALL)
    strict_tools: bool = False


DIALECTS = {
    "openai": Dialect(max_tokens="max_completion_tokens", strict_tools=True),
    "mistral": Dialect(call_id=re.compile(r"[A-Za-z0-9]{9}")),
    "openrouter": Dialect(key_check="/key"),
    # It thinks unless it is told not to, billed as output and taken from the answer's limit.
    "deepseek": Dialect(structured="object", extra={"thinking": {"type": "disabled"}}),
    "alibaba": Dialect(structured="object"),
    # Its JSON mode is one of few models and never of a stream.
    "cloudflare": Dialect(structured="prompt"),
}
_PLAIN = Dialect()


class OpenAIChatWire(ChatWire):
    chat_path = "/chat/completions"

    async def list_models(self) -> list[ModelInfo]:
        return await self._call(self._models())

    async def _models(self) -> list[ModelInfo]:
        dialect = self._dialect()
        if dialect.key_check:
            await self._get(dialect.key_check)
        rows = (await self._get("/models")).get("data")
        if not isinstance(rows, list):
            raise self._broken("its list of models has no data")
        return [self._model(row) for row in rows if isinstance(row, dict) and words(row.get("id"))]

    def _model(self, row: dict[str, Any]) -> ModelInfo:
        return ModelInfo(row["id"], words(row.get("shutdown_date"), len("2026-01-01")))

    async def _whole(self, prompt: Prompt, meter: Meter) -> Reply:
        answer = await self._post(self.chat_path, self._body(prompt), meter)
        return self._read_whole(self._json(answer), meter)

    async def _stream(self, prompt: Prompt, meter: Meter) -> Reply:
        async with self._post_stream(self.chat_path, self._stream_body(prompt), meter) as answer:
            if "event-stream" not in answer.headers.get("content-type", "event-stream"):
                await answer.read()
                return self._read_whole(self._json(answer), meter)  # it doesn't stream, or it is no API
            return await self._read_stream(self._events(answer), meter)

    def _read_whole(self, data: dict[str, Any], meter: Meter) -> Reply:
        self._note(data, meter)
        if data.get("error"):
            raise self._refused(data)
        choice = _first_choice(data)
        message = section(choice, "message")
        meter.write(text_of(message.get("content")) or text_of(message.get("refusal")))
        take_openai_calls(message.get("tool_calls"), meter)
        return self._reply(meter, words(choice.get("finish_reason")) or "stop")

    async def _read_stream(self, events: AsyncIterator[tuple[str, str]], meter: Meter) -> Reply:
        finish, ended = "", False
        try:
            async for _, data in events:
                if data.strip() == "[DONE]":
                    ended = True
                    break
                finish = self._read_chunk(self._object(data), meter) or finish
        except FAULTS:
            if not finish:  # after it only the usage was still to come
                raise
        await drain(events)
        if not (ended or finish):
            raise self._broken("its stream stopped before the answer's end")
        return self._reply(meter, finish or "stop")

    def _read_chunk(self, chunk: dict[str, Any], meter: Meter) -> str:
        """Takes one chunk of a stream; returns its finish reason, if it has one."""
        self._note(chunk, meter)
        if chunk.get("error"):
            raise self._refused(chunk)
        choice = _first_choice(chunk)
        delta = section(choice, "delta")
        meter.write(text_of(delta.get("content")) or text_of(delta.get("refusal")))
        if "tool_calls" in delta:
            take_openai_calls(delta["tool_calls"], meter)
        return words(choice.get("finish_reason"))

    def _note(self, data: dict[str, Any], meter: Meter) -> None:
        """Keeps what this part of the answer tells about the call. Runs for every chunk: mind its cost."""
        if not meter.upstream_id or not meter.model:
            meter.model = words(data.get("model")) or meter.model
            meter.upstream_id = words(data.get("id")) or meter.upstream_id
        report = data.get("usage")
        if not report and "x_groq" in data:
            report = section(data, "x_groq").get("usage")
        if report:
            meter.usage = openai_usage(report, self.connection.provider)

    def _reply(self, meter: Meter, finish: str) -> Reply:
        return self._finished(meter, finish)

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        dialect = self._dialect()
        body: dict[str, Any] = {"model": prompt.model, dialect.max_tokens: prompt.max_output_tokens}
        body |= dialect.extra | openai_tools(prompt, strict=dialect.strict_tools)
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        mode = _schema_mode(prompt, dialect)
        if mode == "schema":
            form = {"name": prompt.schema_name, "schema": prompt.json_schema, "strict": prompt.schema_strict}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif mode == "object":
            body["response_format"] = {"type": "json_object"}
        system = system_of(prompt, mode in ("object", "prompt"))
        turns = [openai_turn(turn, dialect.call_id) for turn in prompt.messages]
        body["messages"] = [{"role": "system", "content": system}, *turns] if system else turns
        return body

    def _stream_body(self, prompt: Prompt) -> dict[str, Any]:
        return self._body(prompt) | {"stream": True, "stream_options": {"include_usage": True}}

    def _dialect(self) -> Dialect:
        return DIALECTS.get(self.connection.provider, _PLAIN)

    def _headers(self) -> dict[str, str]:
        key = self.connection.key
        return {"Authorization": f"Bearer {key}"} if key else {}


def _first_choice(data: dict[str, Any]) -> dict[str, Any]:
    """The first choice; empty where there is none (a usage chunk has an empty list)."""
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _schema_mode(prompt: Prompt, dialect: Dialect) -> str:
    """How a structured answer is asked for; empty where none is."""
    if prompt.json_schema is None:
        return ""
    if prompt.schema_in_words:
        return "prompt"
    return "object" if prompt.json_schema == ANY_OBJECT and dialect.structured == "schema" else dialect.structured
