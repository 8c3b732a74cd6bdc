"""A conversation and its tools as callers write them (OpenAI's shape), read into our own types. Pure.

Everything here comes from outside: role markers are removed, sizes are bounded, and a conversation in which a call
stands without its result (or the other way round) is refused before a provider is paid to refuse it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from providers.conversation.calls import CHOICES, MOST_TOOLS, ToolCall, ToolSpec
from providers.conversation.conversation import Conversation, within
from providers.exceptions import InvalidInput
from providers.guard import clean, stripped_all
from providers.types import ChatMessage

ROLES = ("user", "assistant", "system", "developer", "tool")
LONGEST_ID = 512


def turns_of(messages: Iterable[Mapping[str, Any]], limit: int) -> Conversation:
    """Turns within the input limit (characters over all of them), role markers removed; a system message is the
    user's text as everywhere. Over the limit the oldest text is cut; where tools were called, only their results.

    Errors: InvalidInput.
    """
    turns = [_turn(message) for message in messages]
    if not any(turn.role == "tool" or turn.tool_calls for turn in turns):
        return within([(turn.role, turn.content) for turn in turns], limit)
    cleaned = [replace(turn, content=clean(turn.content, len(turn.content)).text) for turn in turns]
    return _fitted(paired(turn for turn in cleaned if says(turn)), limit)


def _fitted(turns: tuple[ChatMessage, ...], limit: int) -> Conversation:
    """Results are cut, the oldest first: what else is left out would leave calls without results."""
    left = limit - sum(size_of(turn) for turn in turns if turn.role != "tool")
    if left < 0:
        raise InvalidInput(
            f"The messages are longer than the {limit:,} characters that are allowed.", param="messages"
        )
    cut, kept = 0, []
    for turn in reversed(turns):
        if turn.role == "tool":
            cut += max(0, len(turn.content) - left)
            turn = replace(turn, content=turn.content[:left])
            left -= len(turn.content)
        kept.append(turn)
    return Conversation(tuple(reversed(kept)), cut)


def _turn(message: Mapping[str, Any]) -> ChatMessage:
    role, content = message.get("role"), message.get("content")
    calls = calls_in(message.get("tool_calls"))
    if content is None and calls:
        content = ""
    if role not in ROLES or not isinstance(content, str):
        raise InvalidInput(
            "Each message has a role (user, assistant or tool) and its content as text.", param="messages"
        )
    if role == "tool":
        return ChatMessage("tool", content, tool_call_id=str(message.get("tool_call_id") or ""))
    return ChatMessage("assistant", content, calls) if role == "assistant" else ChatMessage("user", content)


def says(turn: ChatMessage) -> bool:
    """Whether a turn holds anything; the empty result of a tool does."""
    return turn.role == "tool" or bool(turn.tool_calls) or bool(turn.content.strip())


def size_of(turn: ChatMessage) -> int:
    """Characters of a turn, the arguments of its calls included."""
    return len(turn.content) + sum(len(call.name) + len(call.arguments) for call in turn.tool_calls)


def calls_in(shapes: Any) -> tuple[ToolCall, ...]:
    """The calls of an assistant's message, as `AIResponse.tool_calls` and OpenAI clients have them.

    Errors: InvalidInput.
    """
    if shapes is None:
        return ()
    if not isinstance(shapes, list | tuple):
        raise InvalidInput("`tool_calls` is a list.", param="messages")
    return tuple(map(_call, shapes))


def _call(shape: Any) -> ToolCall:
    if isinstance(shape, ToolCall):
        return shape
    function = shape.get("function") if isinstance(shape, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise InvalidInput("Each of `tool_calls` has an id and a function with a name.", param="messages")
    id, arguments = shape.get("id"), function.get("arguments")
    if not isinstance(id, str) or not 1 <= len(id) <= LONGEST_ID or not isinstance(arguments, str | None):
        raise InvalidInput("Each of `tool_calls` has an id, and its arguments as JSON text.", param="messages")
    call = ToolCall(id, function["name"][:64], arguments or "", _signature(shape))
    return call if call.error else replace(call, arguments=cleaned_json(call.arguments))


def _signature(shape: Mapping[str, Any]) -> str:
    extra = shape.get("extra_content")
    google = extra.get("google") if isinstance(extra, Mapping) else None
    found = google.get("thought_signature") if isinstance(google, Mapping) else None
    return found if isinstance(found, str) else ""


def cleaned_json(text: str) -> str:
    """JSON text without role markers in its strings."""
    if not text.strip():
        return ""
    given = json.loads(text)
    cleaned = stripped_all(given)
    return text if cleaned == given else json.dumps(cleaned, ensure_ascii=False)


def paired(turns: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The same turns, each result with the name of its tool. Errors: InvalidInput where calls and results don't
    match: every call is answered right after it, once, and nothing else is."""
    kept: list[ChatMessage] = []
    open_calls: dict[str, str] = {}
    for turn in turns:
        if turn.role == "tool":
            if turn.tool_call_id not in open_calls:
                raise InvalidInput(
                    "A message of role tool must answer a call of the assistant's message before it, by its id in "
                    "`tool_call_id`.",
                    param="messages",
                )
            turn = replace(turn, tool_name=open_calls.pop(turn.tool_call_id))
        elif open_calls:
            raise _unanswered(open_calls)
        else:
            open_calls = {call.id: call.name for call in turn.tool_calls}
            if len(open_calls) != len(turn.tool_calls):
                raise InvalidInput("Two of `tool_calls` have the same id.", param="messages")
        kept.append(turn)
    if open_calls:
        raise _unanswered(open_calls)
    return tuple(kept)


def _unanswered(calls: Mapping[str, str]) -> InvalidInput:
    names = ", ".join(calls.values())
    return InvalidInput(f"The call of {names} has no message of role tool that answers it.", param="messages")


def tools_in(given: Iterable[Any]) -> tuple[ToolSpec, ...]:
    """Tools as a registry has them, as `ToolSpec`, or in OpenAI's shape. Errors: InvalidInput."""
    tools = tuple(_tool(one) for one in given)
    if len(tools) > MOST_TOOLS:
        raise InvalidInput(f"At most {MOST_TOOLS} tools can be offered at once.", param="tools")
    if len({tool.name for tool in tools}) != len(tools):
        raise InvalidInput("Two tools have the same name.", param="tools")
    return tools


def _tool(given: Any) -> ToolSpec:
    if isinstance(given, ToolSpec):
        return given
    if isinstance(own := getattr(given, "spec", None), ToolSpec):
        return own
    function = given.get("function") if isinstance(given, Mapping) and given.get("type") == "function" else None
    if not isinstance(function, Mapping):
        raise InvalidInput('Each tool is {"type": "function", "function": {"name", "parameters"}}.', param="tools")
    description, parameters = function.get("description") or "", function.get("parameters")
    if not isinstance(description, str) or not isinstance(parameters, Mapping | None):
        raise InvalidInput("A tool's description is text and its parameters are a JSON schema.", param="tools")
    schema = stripped_all(dict(parameters)) if parameters else {"type": "object", "properties": {}}
    text = clean(description, len(description)).text
    return ToolSpec(
        str(function.get("name") or ""), text, {"type": "object"} | schema, bool(function.get("strict"))
    )


def choice_in(given: Any, tools: tuple[ToolSpec, ...]) -> str:
    """`tool_choice` in our words: auto, none, required, or the name of a tool that is offered; a tool may be named
    in OpenAI's shape too. Errors: InvalidInput."""
    if given is None or given == "":
        return ""
    if isinstance(given, Mapping):
        function = given.get("function")
        given = function.get("name") if isinstance(function, Mapping) else None
    if not tools:
        raise InvalidInput("`tool_choice` needs `tools`.", param="tool_choice")
    if given not in CHOICES and given not in {tool.name for tool in tools}:
        raise InvalidInput(
            "`tool_choice` is auto, none, required, or one of the tools that are offered.", param="tool_choice"
        )
    return str(given)
