"""The Gemini wire (generativelanguage, API v1), spoken on our own client (docs/decisions/0007)."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from providers.conversation.calls import arguments_text
from providers.exceptions import UpstreamRejected
from providers.network.transport import FAULTS
from providers.types import ChatMessage, Meter, ModelInfo, Prompt, Reply, ToolCall, ToolSpec
from providers.wires.base import ChatWire, text_of, words
from providers.wires.translate import ANY_OBJECT, grouped, label, system_of
from providers.wires.usage import gemini_usage, section

# The words that OpenAI clients know. What the model was kept from saying is one thing to them.
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length"} | dict.fromkeys(
    (
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "LANGUAGE",
        "IMAGE_SAFETY",
        "MODEL_ARMOR",
    ),
    "content_filter",
)
MODELS_PER_PAGE = 1000
# What Google takes in place of the signature of a call that no Gemini model has made.
_UNSIGNED = "skip_thought_signature_validator"


class GeminiWire(ChatWire):
    async def list_models(self) -> list[ModelInfo]:
        rows = (await self._call(self._get(f"/v1/models?pageSize={MODELS_PER_PAGE}"))).get("models")
        if not isinstance(rows, list):
            raise self._broken("its list of models has no models")
        return [
            ModelInfo(words(row.get("name")).removeprefix("models/"))
            for row in rows
            if isinstance(row, dict) and words(row.get("name")) and _answers(row)
        ]

    async def _whole(self, prompt: Prompt, meter: Meter) -> Reply:
        answer = await self._post(f"{_path(prompt.model)}:generateContent", self._body(prompt), meter)
        return self._reply(meter, self._read(self._json(answer), meter) or "STOP")

    async def _stream(self, prompt: Prompt, meter: Meter) -> Reply:
        path = f"{_path(prompt.model)}:streamGenerateContent?alt=sse"
        async with self._post_stream(path, self._body(prompt), meter) as answer:
            if "event-stream" not in answer.headers.get("content-type", "event-stream"):
                await answer.read()
                return self._reply(meter, self._read(self._json(answer), meter) or "STOP")
            finish = await self._read_stream(self._events(answer), meter)
        return self._reply(meter, finish)

    async def _read_stream(self, events: AsyncIterator[tuple[str, str]], meter: Meter) -> str:
        """The finish reason. The stream has no end mark: its end after a finish reason is the end, and
        parts with usage may still come after the reason."""
        finish = ""
        try:
            async for _, data in events:
                finish = self._read(self._object(data), meter) or finish
        except FAULTS:
            if not finish:
                raise
        if not finish:
            raise self._broken("its stream stopped before the answer's end")
        return finish

    def _read(self, data: dict[str, Any], meter: Meter) -> str:
        """Takes an answer, or one part of a stream (they have one shape); its finish reason, if it has one."""
        if data.get("error"):
            raise self._refused(data)
        meter.model = words(data.get("modelVersion")) or meter.model
        meter.upstream_id = words(data.get("responseId")) or meter.upstream_id
        if "usageMetadata" in data:  # cumulative: the last one holds
            meter.usage = gemini_usage(data["usageMetadata"])
        if blocked := words(section(data, "promptFeedback").get("blockReason")):
            name = self.connection.provider
            raise UpstreamRejected(
                f"Provider {name} failed: it blocked the prompt ({blocked}).", provider=name, upstream_status=200
            )
        candidates = data.get("candidates")
        first = candidates[0] if isinstance(candidates, list) and candidates else None
        parts = section(first, "content").get("parts")
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and not part.get("thought"):
                meter.write(text_of(part.get("text")))
                if "functionCall" in part:
                    _take_call(part, meter)
        return words(first.get("finishReason")) if isinstance(first, dict) else ""

    def _reply(self, meter: Meter, reason: str) -> Reply:
        return self._finished(meter, _FINISH.get(reason, reason.lower()))

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        config: dict[str, Any] = {"maxOutputTokens": prompt.max_output_tokens}
        if prompt.temperature is not None:
            config["temperature"] = prompt.temperature
        native = prompt.json_schema is not None and not prompt.schema_in_words
        if native:
            config["responseMimeType"] = "application/json"
        if native and prompt.json_schema != ANY_OBJECT:
            config["responseJsonSchema"] = prompt.json_schema
        turns = [_turn(group) for group in grouped(prompt.messages)]
        body: dict[str, Any] = {"contents": turns, "generationConfig": config}
        if system := system_of(prompt, not native):
            body["systemInstruction"] = {"parts": [{"text": system}]}
        return body | _tools(prompt)

    def _headers(self) -> dict[str, Any]:
        # Never in the URL: those end up in logs.
        return {"x-goog-api-key": self.connection.key} if self.connection.key else {}


def _path(model: str) -> str:
    """A model's path. A tuned model is named by its collection too."""
    collection, _, name = model.rpartition("/")
    return f"/v1/{'tunedModels' if collection == 'tunedModels' else 'models'}/{quote(name, safe='')}"


def _answers(row: dict[str, Any]) -> bool:
    """Whether it is a chat model; embeddings and the like stand in the same list."""
    methods = row.get("supportedGenerationMethods")
    return not isinstance(methods, list) or "generateContent" in methods


def _take_call(part: dict[str, Any], meter: Meter) -> None:
    """A call comes whole; its signature stands beside it, and must go back with it."""
    call = part["functionCall"] if isinstance(part["functionCall"], dict) else {}
    signature = part.get("thoughtSignature")
    meter.call(
        None,
        id=label(call.get("id")),
        name=label(call.get("name")),
        arguments=arguments_text(call.get("args") or {}),
        signature=signature if isinstance(signature, str) else "",
    )


def _turn(group: list[ChatMessage]) -> dict[str, Any]:
    """One content: results of tools stand together in one, as the user's."""
    turn = group[0]
    if turn.role == "tool":
        return {"role": "user", "parts": [{"functionResponse": _result(one)} for one in group]}
    if not turn.tool_calls:
        return {"role": "model" if turn.role == "assistant" else "user", "parts": [{"text": turn.content}]}
    said = [{"text": turn.content}] if turn.content else []
    calls = [_call(call, first=at == 0) for at, call in enumerate(turn.tool_calls)]
    return {"role": "model", "parts": [*said, *calls]}


def _call(call: ToolCall, *, first: bool) -> dict[str, Any]:
    """Of calls made at once only the first is signed."""
    part: dict[str, Any] = {"functionCall": {"id": call.id, "name": call.name, "args": call.values or {}}}
    signature = call.signature or (_UNSIGNED if first else "")
    return part | ({"thoughtSignature": signature} if signature else {})


def _result(turn: ChatMessage) -> dict[str, Any]:
    """A result must be an object: text stands in one."""
    try:
        found = json.loads(turn.content)
    except (ValueError, RecursionError):
        found = None
    response = found if isinstance(found, dict) else {"result": turn.content}
    return {"id": turn.tool_call_id, "name": turn.tool_name, "response": response}


def _tools(prompt: Prompt) -> dict[str, Any]:
    """The parts of a body that offer tools; empty where there are none."""
    if not prompt.tools:
        return {}
    body: dict[str, Any] = {"tools": [{"functionDeclarations": [_tool(tool) for tool in prompt.tools]}]}
    if choice := prompt.tool_choice:
        mode = {"auto": "AUTO", "none": "NONE", "required": "ANY"}.get(choice)
        config = {"mode": mode} if mode else {"mode": "ANY", "allowedFunctionNames": [choice]}
        body["toolConfig"] = {"functionCallingConfig": config}
    return body


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters}
