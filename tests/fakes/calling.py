"""Tools as the fake upstream knows them: which of those offered it asks for, and whether a conversation with calls
is one that the real ones would take.

It asks for every tool that is offered (one, where calls in parallel are switched off), with arguments that fit,
and answers with words once the results are there.
"""

import json
from dataclasses import dataclass
from typing import Any

from providers.wires.canned import SchemaFiller


@dataclass(frozen=True)
class FakeCall:
    """`arguments` is JSON text, whole or (mode badargs) broken."""

    id: str
    name: str
    arguments: str

    @property
    def values(self) -> dict[str, Any]:
        return json.loads(self.arguments)


@dataclass(frozen=True)
class Offer:
    """What a request offers: name and schema of each tool; `choice` is "", auto, none, required or a name."""

    tools: tuple[tuple[str, dict[str, Any]], ...] = ()
    choice: str = ""
    parallel: bool = True
    answered: bool = False  # the last turn is the result of a tool

    def wanted(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        if self.answered or self.choice == "none":
            return ()
        named = tuple(tool for tool in self.tools if tool[0] == self.choice)
        found = named or self.tools
        return found if self.parallel else found[:1]


def composed(offer: Offer, ids: str, mode: str) -> list[FakeCall]:
    calls = []
    for at, (name, schema) in enumerate(offer.wanted()):
        text = json.dumps(SchemaFiller(schema, "brief", name).value())
        calls.append(FakeCall(ids.format(at + 1), name, text[: len(text) // 2] if mode == "badargs" else text))
    return calls


def halves(text: str) -> list[str]:
    """Arguments as a stream brings them."""
    return [text[: len(text) // 2], text[len(text) // 2 :]] if text else [""]


def openai_offer(body: dict[str, Any]) -> Offer:
    choice = body.get("tool_choice") or ""
    return Offer(
        tuple((one["function"]["name"], one["function"].get("parameters", {})) for one in body.get("tools") or ()),
        choice["function"]["name"] if isinstance(choice, dict) else {"any": "required"}.get(choice, choice),
        body.get("parallel_tool_calls") is not False,
        body["messages"][-1].get("role") == "tool",
    )


def openai_complaint(body: dict[str, Any], longest_id: int = 40) -> str:
    """What OpenAI would say of tools and calls in that request; empty where it takes them."""
    tools = body.get("tools") or []
    for tool in tools:
        function = tool.get("function") or {}
        if tool.get("type") != "function" or not isinstance(function.get("parameters", {}), dict):
            return "Invalid type for 'tools[0]'."
        if not str(function.get("name")).replace("-", "").replace("_", "").isalnum():
            return "Invalid 'tools[0].function.name': string does not match pattern."
    if not tools and (body.get("tool_choice") or "parallel_tool_calls" in body):
        return "'tool_choice' is only allowed when 'tools' are specified."
    waiting: set[str] = set()
    for message in body["messages"]:
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in waiting:
                return "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            return "'tool_calls' must be followed by tool messages to each 'tool_call_id'."
        for call in message.get("tool_calls") or ():
            if not isinstance(call["function"]["arguments"], str) or len(call["id"]) > longest_id:
                return "Invalid 'messages[1].tool_calls[0]'."
            waiting.add(call["id"])
        if message.get("content") is None and not message.get("tool_calls"):
            return "Invalid value for 'content': expected a string, got null."
    return "tool messages are missing" if waiting else ""


def claude_offer(body: dict[str, Any]) -> Offer:
    choice = body.get("tool_choice") or {}
    picked = choice.get("name") or {"any": "required"}.get(choice.get("type", ""), choice.get("type", ""))
    return Offer(
        tuple((one["name"], one["input_schema"]) for one in body.get("tools") or ()),
        picked,
        choice.get("disable_parallel_tool_use") is not True,
        any(block.get("type") == "tool_result" for block in _blocks(body["messages"][-1])),
    )


def claude_complaint(body: dict[str, Any]) -> str:
    """What Anthropic would say of tools and calls in that request; empty where it takes them."""
    tools = body.get("tools") or []
    if any(set(tool) - {"name", "description", "input_schema", "strict"} for tool in tools):
        return "tools.0.custom: Extra inputs are not permitted"
    if any(tool["input_schema"].get("type") != "object" for tool in tools):
        return "tools.0.custom.input_schema.type: Field required"
    if body.get("tool_choice") and not tools:
        return "tool_choice may only be specified while providing tools"
    waiting: set[str] = set()
    for message in body["messages"]:
        blocks = _blocks(message)
        results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        if results != waiting:
            return "messages.2: `tool_use` ids were found without `tool_result` blocks immediately after"
        used = [block for block in blocks if block["type"] == "tool_use"]
        if used and not tools:
            return "Requests which include `tool_use` or `tool_result` blocks must define tools"
        if any(not isinstance(block["input"], dict) for block in used):
            return "messages.1.content.0.tool_use.input: Input should be a valid dictionary"
        waiting = {block["id"] for block in used}
    return ""


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def gemini_offer(body: dict[str, Any]) -> Offer:
    config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    mode = {"AUTO": "auto", "NONE": "none", "ANY": "required"}.get(config.get("mode", ""), "")
    names = config.get("allowedFunctionNames")
    declared = [one for tool in body.get("tools") or () for one in tool.get("functionDeclarations", ())]
    schemas = (one.get("parametersJsonSchema") or one.get("parameters_json_schema") or {} for one in declared)
    return Offer(
        tuple(zip((one["name"] for one in declared), schemas, strict=True)),
        names[0] if names else mode,
        answered=any("functionResponse" in part for part in body["contents"][-1]["parts"]),
    )


def gemini_complaint(body: dict[str, Any]) -> str:
    """What Gemini would say of calls in that request; empty where it takes them."""
    waiting: list[str] = []
    for content in body["contents"]:
        answers = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
        if [one.get("name") for one in answers] != waiting:
            return "The number of function response parts must equal that of function call parts."
        if any(not isinstance(one.get("response"), dict) for one in answers):
            return "Invalid value at 'function_response.response'"
        calls = [part for part in content["parts"] if "functionCall" in part]
        if calls and not calls[0].get("thoughtSignature"):
            return "Function call is missing a thought_signature in functionCall parts."
        waiting = [part["functionCall"]["name"] for part in calls]
    return ""


def ollama_complaint(body: dict[str, Any]) -> str:
    for message in body["messages"]:
        for call in message.get("tool_calls") or ():
            if not isinstance(call["function"]["arguments"], dict):
                return "json: cannot unmarshal string into Go struct field .arguments"
    return ""
