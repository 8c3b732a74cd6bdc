"""The wire of Ollama's own protocol: JSON lines, sampling under `options`, no key on a machine of one's own.

Spoken on our own client (docs/decisions/0007). It can't be made to call a tool: of `tool_choice` it gets "none"
(no tool is offered) and a name (only that one is).
"""

from collections.abc import AsyncIterator
from typing import Any

from providers.network.transport import FAULTS, Answer
from providers.types import ChatMessage, Meter, ModelInfo, Prompt, Reply, ToolSpec
from providers.wires.base import ChatWire, text_of, words
from providers.wires.ndjson import LineReader
from providers.wires.translate import ANY_OBJECT, openai_tool, system_of, take_openai_calls
from providers.wires.usage import ollama_usage, section


class OllamaWire(ChatWire):
    async def list_models(self) -> list[ModelInfo]:
        rows = (await self._call(self._get("/api/tags"))).get("models")
        if not isinstance(rows, list):
            raise self._broken("its list of models has no models")
        names = [words(row.get("model")) or words(row.get("name")) for row in rows if isinstance(row, dict)]
        return [ModelInfo(name) for name in names if name]

    async def _whole(self, prompt: Prompt, meter: Meter) -> Reply:
        answer = await self._post("/api/chat", self._body(prompt), meter)
        return self._read_whole(self._json(answer), meter)

    async def _stream(self, prompt: Prompt, meter: Meter) -> Reply:
        # It streams unless it is told not to.
        async with self._post_stream("/api/chat", self._body(prompt) | {"stream": True}, meter) as answer:
            if "ndjson" not in answer.headers.get("content-type", "ndjson"):
                await answer.read()
                return self._read_whole(self._json(answer), meter)  # it doesn't stream, or it is no API
            last = await self._read_stream(self._lines(answer), meter)
        return self._reply(last, meter)

    async def _lines(self, answer: Answer) -> AsyncIterator[str]:
        reader = LineReader()
        async for chunk in answer.chunks():
            for line in reader.feed(chunk):
                yield line
        for line in reader.end():
            yield line

    async def _read_stream(self, lines: AsyncIterator[str], meter: Meter) -> dict[str, Any]:
        """The object that says done."""
        part: dict[str, Any] = {}
        last: dict[str, Any] = {}
        try:
            async for line in lines:
                part = self._object(line)
                self._read(part, meter)
                last = part if part.get("done") is True else last
        except FAULTS:
            if not last:
                raise
        if not part:
            raise self._broken("its answer is empty")
        if not last:
            raise self._broken("its stream stopped before the answer's end")
        return last

    def _read_whole(self, data: dict[str, Any], meter: Meter) -> Reply:
        self._read(data, meter)
        return self._reply(data, meter)

    def _read(self, data: dict[str, Any], meter: Meter) -> None:
        """Takes a whole answer or one line of a stream: they have one shape."""
        if data.get("error"):
            raise self._refused(data)
        meter.model = words(data.get("model")) or meter.model
        meter.usage = ollama_usage(data) or meter.usage
        message = section(data, "message")
        meter.write(text_of(message.get("content")))
        if "tool_calls" in message:
            take_openai_calls(message["tool_calls"], meter)  # whole, their arguments as an object

    def _reply(self, last: dict[str, Any], meter: Meter) -> Reply:
        return self._finished(meter, words(last.get("done_reason")) or "stop")

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        options: dict[str, Any] = {"num_predict": prompt.max_output_tokens}
        if prompt.temperature is not None:
            options["temperature"] = prompt.temperature
        turns = [_turn(turn) for turn in prompt.messages]
        native = prompt.json_schema is not None and not prompt.schema_in_words
        if system := system_of(prompt, not native):
            turns.insert(0, {"role": "system", "content": system})
        body: dict[str, Any] = {"model": prompt.model, "messages": turns, "stream": False, "options": options}
        if native:
            body["format"] = "json" if prompt.json_schema == ANY_OBJECT else prompt.json_schema
        if offered := _offered(prompt):
            body["tools"] = [openai_tool(tool) for tool in offered]
        return body

    def _headers(self) -> dict[str, Any]:
        key = self.connection.key
        return {"Authorization": f"Bearer {key}"} if key else {}


def _offered(prompt: Prompt) -> list[ToolSpec]:
    if prompt.tool_choice in ("", "auto", "required"):
        return list(prompt.tools)
    return [tool for tool in prompt.tools if tool.name == prompt.tool_choice]


def _turn(turn: ChatMessage) -> dict[str, Any]:
    if turn.role == "tool":
        return {"role": "tool", "content": turn.content, "tool_name": turn.tool_name}
    message: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.tool_calls:
        calls = [{"function": {"name": one.name, "arguments": one.values or {}}} for one in turn.tool_calls]
        message["tool_calls"] = calls
    return message
