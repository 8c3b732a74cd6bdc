"""The Anthropic Messages wire (API version 2026-10-21: no temperature, the key as Bearer)."""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx2

from providers.types import Meter, ModelInfo, Prompt, Reply
from providers.wires.base import drain, text_of, words
from providers.wires.sdk import SdkWire
from providers.wires.usage import anthropic_usage, section

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


class AnthropicWire(SdkWire):
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
                await answer.aread()
                return self._read_whole(self._json(answer), meter)  # it doesn't stream, or it is no API
            return await self._read_stream(self._events(answer), meter)

    def _read_whole(self, data: dict[str, Any], meter: Meter) -> Reply:
        if data.get("type") == "error" or data.get("error"):
            raise self._refused(data)
        self._note(data, meter)
        blocks = data.get("content")
        for block in blocks if isinstance(blocks, list) else ():
            if isinstance(block, dict) and block.get("type") == "text":
                meter.write(text_of(block.get("text")))
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
        except httpx2.HTTPError:
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
        elif kind == "message_delta":
            meter.usage = anthropic_usage(event.get("usage"), meter.usage)
            return words(section(event, "delta").get("stop_reason"))
        return ""

    def _note(self, message: dict[str, Any], meter: Meter) -> None:
        meter.model = words(message.get("model")) or meter.model
        meter.upstream_id = words(message.get("id")) or meter.upstream_id
        meter.usage = anthropic_usage(message.get("usage"))

    def _reply(self, meter: Meter, stop: str) -> Reply:
        finish = _FINISH.get(stop, stop or "stop")
        if not meter.text.strip():
            raise self._broken(f"its answer holds no text (finish reason: {finish})")
        return Reply(meter.text, meter.model, finish, meter.usage, meter.upstream_id)

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": prompt.model,
            "max_tokens": prompt.max_output_tokens,
            "messages": [{"role": turn.role, "content": turn.content} for turn in prompt.messages],
        }
        if prompt.system:
            body["system"] = prompt.system
        if prompt.json_schema is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": prompt.json_schema}}
        return body

    def _make_client(self, http: httpx2.AsyncClient) -> Any:
        return anthropic.AsyncAnthropic(
            api_key="sent-with-each-request",
            base_url=self._base_url(),
            http_client=http,
            max_retries=0,
            open_telemetry=False,
        )

    def _headers(self) -> dict[str, Any]:
        key = self.connection.key
        return {"Authorization": f"Bearer {key}" if key else anthropic.Omit()}

    def _faults(self) -> tuple[type[Exception], ...]:
        return (anthropic.AnthropicError,)
