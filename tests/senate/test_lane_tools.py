"""Tools and answer formats over the chat endpoints, as the official client uses them with only its URL changed."""

import json

import openai
import pytest
from pydantic import BaseModel

from providers.models import AIProviderSettings, AIUsageLog
from tests.fakes import modes
from tests.senate.test_lane import KEY, client, events, http, token  # noqa: F401

ASK = [{"role": "user", "content": "What is the weather in Oslo?"}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": CITY}}
CLOCK = {"type": "function", "function": {"name": "get_time"}}
TOOLS = [WEATHER, CLOCK]
FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"cause": {"type": "string"}},
            "required": ["cause"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture
def three(token, upstream):  # noqa: F811
    """Three members, so that `auto` means the Senate."""
    row = AIProviderSettings.get_solo()
    row.groq_api_key, row.groq_base_url = KEY, upstream.url("groq")
    row.mistral_api_key, row.mistral_base_url = KEY, upstream.url("mistral")
    row.save()


def test_the_official_client_calls_tools_and_tells_their_results(client, upstream) -> None:  # noqa: F811
    asked = client.chat.completions.create(model="openai", messages=ASK, tools=TOOLS)
    message = asked.choices[0].message
    assert asked.choices[0].finish_reason == "tool_calls" and message.content is None
    assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
    assert list(json.loads(message.tool_calls[0].function.arguments)) == ["city"]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in message.tool_calls]
    told = client.chat.completions.create(model="openai", messages=[*ASK, message, *results], tools=TOOLS)
    assert told.choices[0].message.content and told.choices[0].message.tool_calls is None
    sent = upstream.calls[1].body["messages"]
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "tool", "tool"]
    assert AIUsageLog.objects.count() == 2


def test_the_official_client_streams_calls(client) -> None:  # noqa: F811
    with client.chat.completions.stream(model="openai", messages=ASK, tools=TOOLS) as stream:
        seen = [event.type for event in stream]
        message = stream.get_final_completion().choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
    assert list(json.loads(message.tool_calls[0].function.arguments)) == ["city"]
    assert seen.count("tool_calls.function.arguments.delta") > 2


def test_calls_reach_the_client_in_pieces_that_carry_their_index(http) -> None:  # noqa: F811
    answer = http.post("/stream/", json={"model": "openai", "messages": ASK, "tools": TOOLS})
    chunks = [json.loads(one) for one in events(answer.text) if one != "[DONE]"]
    deltas = [
        one["choices"][0]["delta"]["tool_calls"][0] for one in chunks if "tool_calls" in one["choices"][0]["delta"]
    ]
    assert [one["index"] for one in deltas] == sorted(one["index"] for one in deltas)
    assert [one["function"]["name"] for one in deltas if "id" in one] == ["get_weather", "get_time"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_key_in_the_arguments_is_masked_whole_and_in_pieces(http, upstream, monkeypatch) -> None:  # noqa: F811
    from tests.fakes import calling

    call = calling.FakeCall("call_1", "get_weather", json.dumps({"city": f"x{KEY}y"}))
    monkeypatch.setattr(modes, "composed", lambda *_: [call])
    body = {"model": "openai", "messages": ASK, "tools": TOOLS}
    for path in ("/completions", "/stream/"):
        text = http.post(path, json=body).text
        assert KEY not in text and KEY[:20] not in text and "get_weather" in text
    pieces = [json.loads(one)["choices"][0]["delta"].get("tool_calls") for one in events(text) if one != "[DONE]"]
    joined = "".join(one[0]["function"]["arguments"] for one in pieces if one)
    assert json.loads(joined) == {"city": "x••••••••y"}


@pytest.mark.parametrize("choice", ["none", "required", {"type": "function", "function": {"name": "get_time"}}])
def test_a_choice_reaches_the_provider(client, upstream, choice) -> None:  # noqa: F811
    client.chat.completions.create(
        model="openai", messages=ASK, tools=TOOLS, tool_choice=choice, parallel_tool_calls=False
    )
    body = upstream.calls[0].body
    assert body["tool_choice"] == choice and body["parallel_tool_calls"] is False


@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # the client's own type of metadata is text only
def test_a_format_reaches_the_provider_and_the_answer_fits(client, upstream) -> None:  # noqa: F811
    class Verdict(BaseModel):
        cause: str

    plain = client.chat.completions.create(model="openai", messages=ASK, response_format=FORMAT)
    assert list(json.loads(plain.choices[0].message.content)) == ["cause"]
    parsed = client.chat.completions.parse(model="openai", messages=ASK, response_format=Verdict)
    assert parsed.choices[0].message.parsed.cause
    form = upstream.calls[0].body["response_format"]["json_schema"]
    assert (form["name"], form["strict"]) == ("verdict", True)


def test_any_json_object_can_be_asked_for(client, upstream) -> None:  # noqa: F811
    client.chat.completions.create(model="openai", messages=ASK, response_format={"type": "json_object"})
    assert upstream.calls[0].body["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize("asked", [{"tools": TOOLS}, {"response_format": FORMAT}], ids=["tools", "format"])
def test_a_committee_refuses_with_a_sentence_and_auto_asks_one(client, three, upstream, asked) -> None:  # noqa: F811
    with pytest.raises(openai.BadRequestError, match="are for one model") as caught:
        client.chat.completions.create(model="senate", messages=ASK, **asked)
    assert caught.value.param == "model" and upstream.calls == []
    assert client.chat.completions.create(model="auto", messages=ASK, **asked).metadata["mode"] == "solo"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tools": [CLOCK, CLOCK]}, "same name"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "name"),
        ({"tool_choice": "auto"}, "needs `tools`"),
        ({"tools": [CLOCK], "tool_choice": "other"}, "tool_choice"),
        ({"tools": [CLOCK], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ({"messages": [*ASK, {"role": "tool", "tool_call_id": "x", "content": "y"}]}, "must answer a call"),
        ({"tools": [{"type": "function", "function": {"name": "x", "description": "y" * 30_000}}]}, "input limit"),
    ],
)
def test_what_can_not_be_used_is_one_sentence_before_anything_is_asked(http, upstream, fields, words) -> None:  # noqa: F811
    answer = http.post("/completions", json={"model": "openai", "messages": ASK, **fields})
    assert answer.status_code == 400 and words in answer.json()["error"]["message"]
    assert upstream.calls == []


def test_the_mock_calls_tools_too(token, http, settings) -> None:  # noqa: F811
    settings.AI_ALLOW_MOCK = True
    body = {
        "model": "mock",
        "messages": [{"role": "user", "content": "Please get weather for Oslo"}],
        "tools": TOOLS,
    }
    (call,) = http.post("/completions", json=body).json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
