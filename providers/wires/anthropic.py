"""The Anthropic Messages wire (no temperature, the key as Bearer). See docs/decisions/0009."""

import re
from collections.abc import AsyncIterator
from typing import Any

from providers.conversation.calls import arguments_text
from providers.network.transport import FAULTS
from providers.types import ChatMessage, Meter, ModelInfo, Prompt, Reply, ToolSpec
from providers.wires.base import ChatWire, drain, text_of, words
from providers.wires.translate import ANY_OBJECT, fitting_id, grouped, label, system_of
from providers.wires.usage import anthropic_usage, section

API_VERSION = "2026-10-21"
# The words that OpenAI clients know, since the site's own API speaks that dialect.
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class AnthropicWire(ChatWire):
    async def list_models(self) -> list[ModelInfo]:
        rows = (await self._call(self._get("/v1/models?limit=1000"))).get("data")
        if not isinstance(rows, list):
            raise self._broken("its list of models has no data")
        return [
            ModelInfo(row["id"], words(row.get("retires_at"), len("2026-01-01")))
            for row in rows
            if isinstance(row, dict) and words(row.get("id"))
        ]

    async def _whole(self, prompt: Prompt, meter: Meter) -> Reply:
        answer = await self._post("/v1/messages", self._body(prompt), meter)
        return self._read_whole(self._json(answer), meter)

    async def _stream(self, prompt: Prompt, meter: Meter) -> Reply:
        body = self._body(prompt) | {"stream": True}
        async with self._post_stream("/v1/messages", body, meter) as answer:
            if "event-stream" not in answer.headers.get("content-type", "event-stream"):
                await answer.read()
                return self._read_whole(self._json(answer), meter)  # it doesn't stream, or it is no API
            return await self._read_stream(self._events(answer), meter)

    def _read_whole(self, data: dict[str, Any], meter: Meter) -> Reply:
        if data.get("type") == "error" or data.get("error"):
            raise self._refused(data)
        self._note(data, meter)
        blocks = data.get("content")
        for at, block in enumerate(blocks if isinstance(blocks, list) else ()):
            if isinstance(block, dict) and block.get("type") == "text":
                meter.write(text_of(block.get("text")))
            elif isinstance(block, dict):
                _take_call(at, block, meter)
        return self._reply(meter, words(data.get("stop_reason")))

    async def _read_stream(self, events: AsyncIterator[tuple[str, str]], meter: Meter) -> Reply:
        stop, ended = "", False
        try:
            async for _, data in events:
                event = self._object(data)
                if event.get("type") == "message_stop":
                    ended = True
                    break
                stop = self._read_event(event, meter) or stop
        except FAULTS:
            if not stop:  # after it nothing was still to come
                raise
        await drain(events)
        if not (ended or stop):
            raise self._broken("its stream stopped before the answer's end")
        return self._reply(meter, stop)

    def _read_event(self, event: dict[str, Any], meter: Meter) -> str:
        """Takes one event of a stream; returns its stop reason, if it has one."""
        kind = event.get("type")
        if kind == "error":
            raise self._refused(event)
        if kind == "message_start":
            self._note(section(event, "message"), meter)
        elif kind == "content_block_delta":
            delta = section(event, "delta")
            if delta.get("type") == "text_delta":
                meter.write(text_of(delta.get("text")))
            elif delta.get("type") == "input_json_delta":
                meter.call(_slot(event), arguments=text_of(delta.get("partial_json")))
        elif kind == "content_block_start":
            _take_call(_slot(event), section(event, "content_block"), meter)
        elif kind == "message_delta":
            meter.usage = anthropic_usage(event.get("usage"), meter.usage)
            return words(section(event, "delta").get("stop_reason"))
        return ""

    def _note(self, message: dict[str, Any], meter: Meter) -> None:
        meter.model = words(message.get("model")) or meter.model
        meter.upstream_id = words(message.get("id")) or meter.upstream_id
        meter.usage = anthropic_usage(message.get("usage"))

    def _reply(self, meter: Meter, stop: str) -> Reply:
        return self._finished(meter, _FINISH.get(stop, stop or "stop"))

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": prompt.model,
            "max_tokens": prompt.max_output_tokens,
            "messages": [_turn(group) for group in grouped(prompt.messages)],
        }
        strict = prompt.schema_strict and prompt.json_schema not in (None, ANY_OBJECT)
        native = strict and not prompt.schema_in_words
        if system := system_of(prompt, not native):
            body["system"] = system
        if native:
            body["output_config"] = {"format": {"type": "json_schema", "schema": prompt.json_schema}}
        return body | _tools(prompt)

    def _headers(self) -> dict[str, str]:
        key = self.connection.key
        return {"anthropic-version": API_VERSION} | ({"Authorization": f"Bearer {key}"} if key else {})


def _slot(event: dict[str, Any]) -> int | None:
    index = event.get("index")
    return index if type(index) is int else None


def _take_call(slot: int | None, block: dict[str, Any], meter: Meter) -> None:
    """A block that asks for a tool: whole, or the start of one in a stream (its input is then still empty)."""
    if block.get("type") == "tool_use":
        given = arguments_text(block["input"]) if block.get("input") else ""
        meter.call(slot, id=label(block.get("id")), name=label(block.get("name")), arguments=given)


def _turn(group: list[ChatMessage]) -> dict[str, Any]:
    """One message: results of tools stand together in one, as the user's."""
    turn = group[0]
    if turn.role == "tool":
        return {"role": "user", "content": [_result(one) for one in group]}
    if not turn.tool_calls:
        return {"role": turn.role, "content": turn.content}
    said = [{"type": "text", "text": turn.content}] if turn.content else []
    calls = [
        {"type": "tool_use", "id": fitting_id(one.id, _CALL_ID), "name": one.name, "input": one.values or {}}
        for one in turn.tool_calls
    ]
    return {"role": "assistant", "content": [*said, *calls]}


def _result(turn: ChatMessage) -> dict[str, Any]:
    called = fitting_id(turn.tool_call_id, _CALL_ID)
    return {"type": "tool_result", "tool_use_id": called, "content": turn.content}


def _tools(prompt: Prompt) -> dict[str, Any]:
    """The parts of a body that offer tools. A conversation that holds calls is refused without any tool, so where
    none is offered any more those of its calls are named, and none may be called."""
    if prompt.tools:
        offered, choice = prompt.tools, prompt.tool_choice
    else:
        names = {call.name for turn in prompt.messages for call in turn.tool_calls}
        offered, choice = tuple(ToolSpec(name) for name in sorted(names)), "none"
    if not offered:
        return {}
    body: dict[str, Any] = {"tools": [_tool(tool) for tool in offered]}
    picked: dict[str, Any] = {"type": {"required": "any", "": "auto"}.get(choice, choice)}
    if choice not in ("", "auto", "none", "required"):
        picked = {"type": "tool", "name": choice}
    if prompt.parallel_tool_calls is not None and choice != "none":
        picked["disable_parallel_tool_use"] = not prompt.parallel_tool_calls
    return body if picked == {"type": "auto"} and not choice else body | {"tool_choice": picked}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    shape: dict[str, Any] = {"name": tool.name, "input_schema": tool.parameters}
    if tool.description:
        shape["description"] = tool.description
    return shape | ({"strict": True} if tool.strict else {})
