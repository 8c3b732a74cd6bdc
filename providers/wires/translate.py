"""What several wires say in the same words: tools and calls in OpenAI's shape, a schema as a sentence. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from providers.conversation.calls import arguments_text
from providers.types import ChatMessage, Meter, Prompt, ToolSpec
from providers.wires.usage import section

ANY_OBJECT = {"type": "object"}
MAX_ID = 512


def system_of(prompt: Prompt, in_words: bool) -> str:
    """The system prompt; with the schema as its last sentence where the provider has no mode of its own for it."""
    if not in_words or prompt.json_schema is None:
        return prompt.system
    return f"{prompt.system}\n\n{schema_request(prompt.json_schema)}".strip()


def schema_request(schema: dict[str, Any]) -> str:
    ask = "Answer with one JSON object and nothing else."
    return ask if schema == ANY_OBJECT else f"{ask} It must match this JSON schema:\n{json.dumps(schema)}"


def openai_tool(tool: ToolSpec, *, strict: bool = False) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    if strict and tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def openai_tools(prompt: Prompt, *, strict: bool = False) -> dict[str, Any]:
    """The parts of a body that offer tools; empty where there are none."""
    if not prompt.tools:
        return {}
    parts: dict[str, Any] = {"tools": [openai_tool(tool, strict=strict) for tool in prompt.tools]}
    if prompt.tool_choice in ("auto", "none", "required"):
        parts["tool_choice"] = prompt.tool_choice
    elif prompt.tool_choice:
        parts["tool_choice"] = {"type": "function", "function": {"name": prompt.tool_choice}}
    if prompt.parallel_tool_calls is not None:
        parts["parallel_tool_calls"] = prompt.parallel_tool_calls
    return parts


def openai_turn(turn: ChatMessage, call_id: re.Pattern[str]) -> dict[str, Any]:
    """A turn as a message; ids that the provider would refuse are replaced (`call_id` is what it takes)."""
    if turn.role == "tool":
        return {"role": "tool", "tool_call_id": fitting_id(turn.tool_call_id, call_id), "content": turn.content}
    if not turn.tool_calls:
        return {"role": turn.role, "content": turn.content}
    calls = [
        {
            "id": fitting_id(call.id, call_id),
            "type": "function",
            # Some upstreams parse what we send back, so broken arguments don't go.
            "function": {"name": call.name, "arguments": "{}" if call.error else call.arguments or "{}"},
        }
        for call in turn.tool_calls
    ]
    return {"role": turn.role, "content": turn.content or None, "tool_calls": calls}


def fitting_id(id: str, pattern: re.Pattern[str]) -> str:
    """The id, or one made from it that the provider takes: the same for the call and for its result."""
    if pattern.fullmatch(id):
        return id
    return hashlib.sha256(id.encode()).hexdigest()[:9]


def take_openai_calls(calls: Any, meter: Meter) -> None:
    """The tool calls of a message or of a delta; what has another shape is left out."""
    for call in calls if isinstance(calls, list) else ():
        if not isinstance(call, dict):
            continue
        function, slot = section(call, "function"), call.get("index")
        arguments = function.get("arguments")
        meter.call(
            slot if type(slot) is int else None,
            id=label(call.get("id")),
            name=label(function.get("name")),
            arguments="" if arguments is None else arguments_text(arguments),
        )


def label(value: Any) -> str:
    """An id or a name, as it came; cut where it is absurd."""
    return value[:MAX_ID] if isinstance(value, str) else ""


def grouped(messages: Iterable[ChatMessage]) -> list[list[ChatMessage]]:
    """Each turn by itself, results of tools that stand side by side together: some wires take them as one turn."""
    groups: list[list[ChatMessage]] = []
    for turn in messages:
        if turn.role == "tool" and groups and groups[-1][0].role == "tool":
            groups[-1].append(turn)
        else:
            groups.append([turn])
    return groups
