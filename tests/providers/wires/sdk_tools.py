"""The official SDKs calling tools on the fake upstream, so that a wire can be compared with them.

Each function takes the server, a prompt and whether to stream; it answers the calls that the SDK reads, as
`(id, name, arguments as values)`. Ollama gives its calls no id.
"""

import json
from typing import Any

from providers.types import ChatMessage, Prompt
from tests.fakes.upstream import FakeUpstream
from tests.providers.wires.sdk_kit import mistral_client
from tests.providers.wires.wire_kit import KEY

Calls = list[tuple[str, str, dict[str, Any]]]


def openai(server: FakeUpstream, prompt: Prompt, stream: bool, provider: str = "openai") -> Calls:
    import openai as sdk

    client = sdk.OpenAI(api_key=KEY, base_url=server.url(provider), max_retries=0, timeout=30)
    asked = {
        "model": prompt.model,
        "messages": _messages(prompt),
        "tools": _tools(prompt),
        "max_completion_tokens": prompt.max_output_tokens,
    }
    if prompt.tool_choice:
        asked["tool_choice"] = prompt.tool_choice
    if not stream:
        message = client.chat.completions.create(**asked).choices[0].message
    else:
        with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as events:
            message = events.get_final_completion().choices[0].message
    return [
        (call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()
    ]


def claude(server: FakeUpstream, prompt: Prompt, stream: bool) -> Calls:
    import anthropic

    client = anthropic.Anthropic(api_key=KEY, base_url=server.url("claude"), max_retries=0, timeout=30)
    tools = [
        {"name": one.name, "description": one.description, "input_schema": one.parameters} for one in prompt.tools
    ]
    asked = {
        "model": prompt.model,
        "max_tokens": prompt.max_output_tokens,
        "system": prompt.system,
        "messages": _claude_messages(prompt),
        "tools": tools,
    }
    if prompt.tool_choice:
        asked["tool_choice"] = {"type": "any" if prompt.tool_choice == "required" else prompt.tool_choice}
    if stream:
        with client.messages.stream(**asked) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(**asked)
    return [(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"]


def _claude_messages(prompt: Prompt) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for turn in prompt.messages:
        if turn.role == "tool":
            block = {"type": "tool_result", "tool_use_id": turn.tool_call_id, "content": turn.content}
            if messages[-1]["role"] == "user":
                messages[-1]["content"].append(block)
            else:
                messages.append({"role": "user", "content": [block]})
        elif turn.tool_calls:
            used = [
                {"type": "tool_use", "id": one.id, "name": one.name, "input": one.values}
                for one in turn.tool_calls
            ]
            said = [{"type": "text", "text": turn.content}] if turn.content else []
            messages.append({"role": "assistant", "content": said + used})
        else:
            messages.append({"role": turn.role, "content": turn.content})
    return messages


def gemini(server: FakeUpstream, prompt: Prompt, stream: bool) -> Calls:
    from google import genai
    from google.genai import types

    client = genai.Client(
        api_key=KEY, http_options=types.HttpOptions(base_url=server.url("gemini"), timeout=30_000)
    )
    declared = [
        types.FunctionDeclaration(
            name=one.name, description=one.description, parameters_json_schema=one.parameters
        )
        for one in prompt.tools
    ]
    mode = {"required": "ANY", "auto": "AUTO", "none": "NONE"}.get(prompt.tool_choice)
    calling = types.FunctionCallingConfig(mode=mode) if mode else None
    config = types.GenerateContentConfig(
        system_instruction=prompt.system,
        max_output_tokens=prompt.max_output_tokens,
        tools=[types.Tool(function_declarations=declared)],
        tool_config=types.ToolConfig(function_calling_config=calling) if calling else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    asked = {"model": prompt.model, "contents": _contents(prompt), "config": config}
    if stream:
        answers = list(client.models.generate_content_stream(**asked))
    else:
        answers = [client.models.generate_content(**asked)]
    parts = [part for one in answers for part in one.candidates[0].content.parts or ()]
    return [
        (part.function_call.id, part.function_call.name, part.function_call.args)
        for part in parts
        if part.function_call
    ]


def _contents(prompt: Prompt) -> list[Any]:
    from google.genai import types

    contents: list[Any] = []
    for turn in prompt.messages:
        if turn.role == "tool":
            answer = types.FunctionResponse(
                id=turn.tool_call_id, name=turn.tool_name, response=json.loads(turn.content)
            )
            part = types.Part(function_response=answer)
            if contents[-1].role == "user":
                contents[-1].parts.append(part)
            else:
                contents.append(types.Content(role="user", parts=[part]))
            continue
        parts = [types.Part(text=turn.content)] if turn.content else []
        for call in turn.tool_calls:
            signature = {"thought_signature": b"signed"} if call.signature else {}
            called = types.FunctionCall(id=call.id, name=call.name, args=call.values)
            parts.append(types.Part(function_call=called, **signature))
        contents.append(types.Content(role="model" if turn.role == "assistant" else "user", parts=parts))
    return contents


def mistral(server: FakeUpstream, prompt: Prompt, stream: bool) -> Calls:
    client = mistral_client(server)
    asked = {
        "model": prompt.model,
        "messages": _messages(prompt),
        "tools": _tools(prompt),
        "max_tokens": prompt.max_output_tokens,
    }
    if prompt.tool_choice:
        asked["tool_choice"] = prompt.tool_choice
    if not stream:
        calls = client.chat.complete(**asked).choices[0].message.tool_calls or []
        return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls]
    found: dict[int, list[str]] = {}
    for event in client.chat.stream(**asked):
        for call in event.data.choices[0].delta.tool_calls or ():
            own = found.setdefault(call.index, ["", "", ""])
            own[0] = own[0] or call.id
            own[1] = own[1] or call.function.name
            own[2] += call.function.arguments
    return [(id, name, json.loads(text)) for id, name, text in found.values()]


def ollama(server: FakeUpstream, prompt: Prompt, stream: bool) -> Calls:
    import ollama as sdk

    client = sdk.Client(host=server.url("ollama"), headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
    asked = {
        "model": prompt.model,
        "messages": _ollama_messages(prompt),
        "tools": _tools(prompt),
        "options": {"num_predict": prompt.max_output_tokens},
    }
    parts = list(client.chat(**asked, stream=True)) if stream else [client.chat(**asked)]
    calls = [call for part in parts for call in part.message.tool_calls or ()]
    return [("", call.function.name, dict(call.function.arguments)) for call in calls]


def _ollama_messages(prompt: Prompt) -> list[dict[str, Any]]:
    messages = []
    for message, turn in zip(_messages(prompt)[1:], prompt.messages, strict=True):
        message = {"role": turn.role, "content": turn.content}
        if turn.role == "tool":
            message["tool_name"] = turn.tool_name
        if turn.tool_calls:
            message["tool_calls"] = [
                {"function": {"name": one.name, "arguments": one.values}} for one in turn.tool_calls
            ]
        messages.append(message)
    return [{"role": "system", "content": prompt.system}, *messages]


def _messages(prompt: Prompt) -> list[dict[str, Any]]:
    return [{"role": "system", "content": prompt.system}, *map(_message, prompt.messages)]


def _message(turn: ChatMessage) -> dict[str, Any]:
    if turn.role == "tool":
        return {"role": "tool", "tool_call_id": turn.tool_call_id, "content": turn.content}
    if not turn.tool_calls:
        return {"role": turn.role, "content": turn.content}
    calls = [
        {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
        for one in turn.tool_calls
    ]
    return {"role": turn.role, "content": turn.content or None, "tool_calls": calls}


def _tools(prompt: Prompt) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {"name": one.name, "description": one.description, "parameters": one.parameters},
        }
        for one in prompt.tools
    ]


CALL = {"openai": openai, "claude": claude, "gemini": gemini, "mistral": mistral, "ollama": ollama}
