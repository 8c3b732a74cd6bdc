"""Tools over every wire, held to the official SDKs: what is offered, called, and told back."""

import asyncio
import json
from typing import Any

import pytest

from providers.exceptions import UpstreamBroken
from providers.network import outbound
from providers.types import ChatMessage, Meter, ToolCall, ToolDelta, ToolSpec
from providers.wires import wire_for
from tests.fakes.upstream import BASE_PATHS
from tests.providers.wires.sdk_tools import CALL
from tests.providers.wires.test_conformance import plain, wants
from tests.providers.wires.wire_kit import QUESTION, SCHEMA, ask, connection, prompt

WEATHER = ToolSpec(
    "get_weather",
    "The weather of a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Its name"}},
        "required": ["city"],
    },
)
CLOCK = ToolSpec("get_time", "What time it is.", {"type": "object", "properties": {}})
TOOLS = (WEATHER, CLOCK)
EVERY = [provider for provider in BASE_PATHS if provider != "jules"]

both = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
every = pytest.mark.parametrize("provider", EVERY)
with_sdk = pytest.mark.parametrize("provider", CALL)


@pytest.fixture(autouse=True)
async def closed(upstream):
    yield
    await outbound.aclose_all()


def asked_for(provider: str) -> dict[str, Any]:
    return {"tools": TOOLS, "tool_choice": "" if provider == "ollama" else "required"}


def answered(calls: tuple[ToolCall, ...], text: str = "") -> tuple[ChatMessage, ...]:
    """The conversation with every call answered."""
    results = [
        ChatMessage("tool", json.dumps({"of": call.name}), tool_call_id=call.id, tool_name=call.name)
        for call in calls
    ]
    return (ChatMessage("user", QUESTION), ChatMessage("assistant", text, tool_calls=calls), *results)


def spelled(body: dict[str, Any]) -> dict[str, Any]:
    """Google's SDK mixes its two spellings of names, both are taken; Mistral's spells out what is so anyway."""
    text = json.dumps(body).replace("parameters_json_schema", "parametersJsonSchema")
    return json.loads(text.replace(', "index": 0', "").replace(', "prefix": false', ""))


@both
@every
async def test_tools_are_called_and_their_results_answered(upstream, provider, stream):
    asked = await ask(upstream, provider, stream=stream, tools=TOOLS)
    calls = asked.reply.tool_calls
    assert [call.name for call in calls] == ["get_weather", "get_time"]
    assert list(calls[0].values) == ["city"] and calls[1].values == {} and not calls[0].error
    assert asked.reply.finish_reason == "tool_calls" and asked.reply.content == ""
    assert all(call.id for call in calls) and calls[0].id != calls[1].id
    assert asked.reply.usage.output_tokens >= 14
    after = await ask(upstream, provider, stream=stream, tools=TOOLS, messages=answered(calls))
    assert after.reply.content and after.reply.tool_calls == () and after.reply.finish_reason == "stop"


@both
@with_sdk
async def test_the_calls_are_those_that_the_sdk_reads(upstream, provider, stream):
    offered = prompt(provider, "ok", tools=TOOLS)
    theirs = await asyncio.to_thread(CALL[provider], upstream, offered, stream)
    calls = (await ask(upstream, provider, stream=stream, tools=TOOLS)).reply.tool_calls
    assert [(call.name, call.values) for call in calls] == [(name, values) for _, name, values in theirs]
    if provider != "ollama":
        assert [call.id for call in calls] == [id for id, _, _ in theirs]


@both
@with_sdk
async def test_the_conversation_with_calls_is_the_one_that_the_sdk_sends(upstream, provider, stream):
    signed = "c2lnbmVk" if provider == "gemini" else ""
    calls = (
        ToolCall("abcdefg01", "get_weather", '{"city": "Łódź"}', signed),
        ToolCall("abcdefg02", "get_time", "{}"),
    )
    told = {"messages": answered(calls, "Let me look."), **asked_for(provider)}
    await asyncio.to_thread(CALL[provider], upstream, prompt(provider, "ok", **told), stream)
    await ask(upstream, provider, stream=stream, **told)
    theirs, ours = upstream.calls
    assert plain(ours.body) == plain(spelled(theirs.body))
    assert wants(ours.body, provider) == wants(theirs.body, provider)


@every
async def test_a_stream_hands_on_pieces_that_make_up_the_calls(upstream, provider):
    deltas: list[ToolDelta] = []
    meter = Meter(on_text=lambda piece: None, on_call=deltas.append)
    reply = await wire_for(connection(upstream, provider)).achat(prompt(provider, "ok", tools=TOOLS), meter)
    for at, call in enumerate(reply.tool_calls):
        own = [delta for delta in deltas if delta.index == at]
        assert (own[0].id, own[0].name) == (call.id, call.name)
        assert all(delta.name == "" for delta in own[1:])
        assert "".join(delta.arguments for delta in own) == call.arguments
    assert meter.tool_calls == reply.tool_calls and meter.written.startswith("get_weather{")


@both
@every
async def test_words_before_a_call_are_kept(upstream, provider, stream):
    reply = (await ask(upstream, provider, "saycall", stream=stream, tools=(CLOCK,))).reply
    assert reply.content.startswith("Treat") and [call.name for call in reply.tool_calls] == ["get_time"]


@both
async def test_broken_arguments_are_an_error_value(upstream, stream):
    reply = (await ask(upstream, "openai", "badargs", stream=stream, tools=(WEATHER,))).reply
    call = reply.tool_calls[0]
    assert call.values is None and call.error == "Its arguments are not valid JSON."
    # Told back, they go as an empty object: some upstreams read what they are sent.
    await ask(upstream, "openai", stream=stream, tools=(WEATHER,), messages=answered(reply.tool_calls))
    assert upstream.calls[-1].body["messages"][2]["tool_calls"][0]["function"]["arguments"] == "{}"


async def test_anthropics_broken_arguments_are_an_error_value_too(upstream):
    reply = (await ask(upstream, "claude", "badargs", tools=(WEATHER,))).reply
    assert reply.tool_calls[0].error and reply.tool_calls[0].values is None


@both
@every
async def test_a_model_that_was_offered_no_tools_can_call_none(upstream, provider, stream, monkeypatch):
    from tests.fakes import calling, modes

    offer = calling.Offer(((WEATHER.name, WEATHER.parameters),))
    monkeypatch.setattr(modes, "composed", lambda _, ids, mode: calling.composed(offer, ids, mode))
    with pytest.raises(UpstreamBroken, match="no text"):
        await ask(upstream, provider, stream=stream)


CHOICES = {
    "openai": {
        "none": "none",
        "required": "required",
        "get_time": {"type": "function", "function": {"name": "get_time"}},
    },
    "claude": {
        "none": {"type": "none"},
        "required": {"type": "any"},
        "get_time": {"type": "tool", "name": "get_time"},
    },
    "gemini": {
        "none": {"mode": "NONE"},
        "required": {"mode": "ANY"},
        "get_time": {"mode": "ANY", "allowedFunctionNames": ["get_time"]},
    },
}


@pytest.mark.parametrize("choice", ["none", "required", "get_time"])
@pytest.mark.parametrize("provider", CHOICES)
async def test_the_choice_is_said_in_the_providers_words(upstream, provider, choice):
    reply = (await ask(upstream, provider, tools=TOOLS, tool_choice=choice)).reply
    body = upstream.calls[0].body
    said = body.get("tool_choice") or body["toolConfig"]["functionCallingConfig"]
    assert said == CHOICES[provider][choice]
    names = {"none": [], "required": ["get_weather", "get_time"], "get_time": ["get_time"]}[choice]
    assert [call.name for call in reply.tool_calls] == names


@pytest.mark.parametrize("choice", ["none", "get_time"])
async def test_ollama_knows_no_choice_so_only_what_may_be_called_is_offered(upstream, choice):
    await ask(upstream, "ollama", tools=TOOLS, tool_choice=choice)
    offered = [one["function"]["name"] for one in upstream.calls[0].body.get("tools", [])]
    assert offered == ([] if choice == "none" else ["get_time"])


@pytest.mark.parametrize("provider", ["openai", "claude", "mistral"])
async def test_calls_side_by_side_can_be_switched_off(upstream, provider):
    reply = (await ask(upstream, provider, tools=TOOLS, parallel_tool_calls=False)).reply
    assert len(reply.tool_calls) == 1


@pytest.mark.parametrize("id", ["call_" + "x" * 60, "functions.get_time:0"])
@every
async def test_ids_of_another_provider_are_made_to_fit(upstream, provider, id):
    calls = (ToolCall(id, "get_time", ""),)
    assert (await ask(upstream, provider, tools=TOOLS, messages=answered(calls))).reply.content


async def test_a_call_that_gemini_did_not_sign_is_marked_so(upstream):
    calls = (ToolCall("call_1", "get_time"), ToolCall("call_2", "get_weather", '{"city": "x"}'))
    await ask(upstream, "gemini", tools=TOOLS, messages=answered(calls))
    parts = upstream.calls[0].body["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == ["skip_thought_signature_validator", None]


async def test_geminis_signature_comes_with_the_call(upstream):
    calls = (await ask(upstream, "gemini", tools=TOOLS)).reply.tool_calls
    assert [call.signature for call in calls] == ["c2lnbmVk", ""]


async def test_plain_text_of_a_tool_stands_in_an_object_for_gemini(upstream):
    calls = (ToolCall("call_1", "get_time"),)
    turns = (*answered(calls)[:2], ChatMessage("tool", "noon", tool_call_id="call_1", tool_name="get_time"))
    await ask(upstream, "gemini", tools=TOOLS, messages=turns)
    part = upstream.calls[0].body["contents"][2]["parts"][0]
    assert part["functionResponse"]["response"] == {"result": "noon"}


async def test_anthropic_hears_of_the_tools_of_the_past_though_none_is_offered_now(upstream):
    reply = (await ask(upstream, "claude", messages=answered((ToolCall("toolu_1", "get_time"),)))).reply
    body = upstream.calls[0].body
    assert reply.content and body["tool_choice"] == {"type": "none"} and body["tools"][0]["name"] == "get_time"


@every
async def test_the_schema_can_stand_in_the_prompt_everywhere(upstream, provider):
    await ask(upstream, provider, json_schema=SCHEMA, schema_in_words=True)
    body = upstream.calls[0].body
    assert not {"response_format", "output_config", "format"} & set(body)
    assert "responseMimeType" not in (body.get("generationConfig") or {})
    assert '\\"additionalProperties\\": false' in json.dumps(body)


@every
async def test_any_json_object_can_be_asked_for(upstream, provider):
    await ask(upstream, provider, json_schema={"type": "object"})
    body = upstream.calls[0].body
    native = {
        "gemini": lambda: (
            body["generationConfig"] == {"maxOutputTokens": 500, "responseMimeType": "application/json"}
        ),
        "ollama": lambda: body["format"] == "json",
        "claude": lambda: "output_config" not in body and "one JSON object" in body["system"],
        "cloudflare": lambda: "response_format" not in body,
    }
    assert native.get(provider, lambda: body["response_format"] == {"type": "json_object"})()
