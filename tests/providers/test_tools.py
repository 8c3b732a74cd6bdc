"""The registry of tools: what it takes, whom it lets, and that nothing runs that shouldn't."""

import asyncio
import json
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from providers.exceptions import AIServiceError, BudgetExceeded, InvalidInput, NotFound, ToolFailed
from providers.models import AIUsageLog
from providers.service import AIService
from providers.tools import MOST_RESULT_CHARS, ToolRegistry, tool
from tests.providers.gateway.test_gateway import MODEL

WEATHER = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(ToolRegistry, "_tools", {})


@pytest.fixture
def ran() -> list[Any]:
    """What the tools were called with."""
    return []


@pytest.fixture
def weather(ran):
    @tool(
        name="get_weather",
        description="Get current weather",
        parameters=WEATHER,
        permission="authenticated",
    )
    def get_weather(city: str):
        ran.append(city)
        return {"temp": 72, "city": city}

    return get_weather


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


class Window(BaseModel):
    start: date
    days: int = 1


def test_a_tool_is_run_as_the_documents_have_it(weather, people, ran) -> None:
    tools = ToolRegistry.get_openai_tools(user=people["ivo"])
    result = ToolRegistry.execute_tool("get_weather", {"city": "NYC"}, user=people["ivo"])
    assert result == {"temp": 72, "city": "NYC"} and ran == ["NYC"]
    shape = {"name": "get_weather", "description": "Get current weather", "parameters": WEATHER}
    assert tools == [{"type": "function", "function": shape}]
    assert weather("Oslo") == {"temp": 72, "city": "Oslo"}


def test_the_schema_comes_from_hints_defaults_and_descriptions(people) -> None:
    @tool
    def logs(
        service: Annotated[str, Field(description="Its name", max_length=50)],
        user: Any,
        level: Level = Level.LOW,
        window: Window | None = None,
    ) -> dict[str, Any]:
        """The newest lines of a log.

        More words for people.
        """
        return {"service": service, "level": level, "window": window and window.days, "for": user.username}

    spec = logs.spec
    assert spec.description == "The newest lines of a log." and logs.risk == "read"
    assert spec.parameters["required"] == ["service"] and spec.parameters["additionalProperties"] is False
    assert spec.parameters["properties"]["service"]["description"] == "Its name"
    assert "user" not in spec.parameters["properties"]
    given = {"service": "api", "level": "high", "window": {"start": "2026-11-21", "days": 3}}
    result = ToolRegistry.execute_tool("logs", json.dumps(given), user=people["ivo"])
    assert result == {"service": "api", "level": "high", "window": 3, "for": people["ivo"].username}


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"city": 5},
        {"city": "x" * 21},
        {"city": "Oslo", "units": "F"},
        {"town": "Oslo"},
        '{"city": "Os',
        '["Oslo"]',
        '{"city": NaN}',
        {"city": object()},
        {"city": {"a": float("nan")}},
    ],
)
def test_wrong_arguments_are_an_error_and_nothing_runs(weather, people, ran, arguments) -> None:
    with pytest.raises(InvalidInput, match="get_weather") as caught:
        ToolRegistry.execute_tool("get_weather", arguments, user=people["ivo"])
    assert ran == [] and caught.value.param == "arguments"


def test_an_unknown_tool_is_an_error(people) -> None:
    with pytest.raises(NotFound, match="no tool 'drop_table'"):
        ToolRegistry.execute_tool("drop_table", {}, user=people["mara"])


def test_what_else_can_not_be_registered(weather) -> None:
    with pytest.raises(InvalidInput, match="already"):
        tool(name="get_weather", permission="public")(lambda: 1)
    with pytest.raises(InvalidInput, match="risk"):
        tool(name="act", risk="mild")(lambda: 1)
    with pytest.raises(InvalidInput, match="no parameter city"):
        tool(name="act", parameters=WEATHER)(lambda town: 1)
    with pytest.raises(InvalidInput, match="don't require town"):
        tool(name="act", parameters=WEATHER)(lambda city, town: 1)
    with pytest.raises(InvalidInput, match="no JSON schema"):
        tool(name="act", parameters={"type": "object", "properties": {"what": {"type": "txt"}}})(lambda what=1: 1)
    with pytest.raises(InvalidInput, match="must have names"):
        tool(name="act")(lambda *what: 1)
    with pytest.raises(InvalidInput, match="name"):
        tool(name="an act")(lambda: 1)

    def odd(what: type(lambda: 1)) -> None: ...

    with pytest.raises(InvalidInput, match="type hints"):
        tool(odd)
    assert list(ToolRegistry._tools) == ["get_weather"]


def test_async_tools_run_from_sync_and_async_code(people) -> None:
    @tool(permission="public")
    async def later(what: str) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"what": what}

    @tool(permission="public")
    def now() -> int:
        return 1

    async def both() -> list[Any]:
        return [await ToolRegistry.aexecute_tool("later", {"what": "x"}), await ToolRegistry.aexecute_tool("now")]

    assert ToolRegistry.execute_tool("later", {"what": "x"}) == {"what": "x"}
    assert asyncio.run(both()) == [{"what": "x"}, 1]


async def test_async_code_meets_the_same_refusals() -> None:
    @tool(permission="public")
    async def broken() -> None:
        raise ValueError("sk-secret-of-the-database")

    with pytest.raises(ToolFailed):
        await ToolRegistry.aexecute_tool("broken")
    with pytest.raises(NotFound):
        await ToolRegistry.aexecute_tool("other")


def test_what_a_tool_raises_is_told_without_its_words_or_trace(caplog) -> None:
    @tool(permission="public")
    def broken() -> None:
        raise ValueError("password=hunter2")

    with pytest.raises(ToolFailed) as caught:
        ToolRegistry.execute_tool("broken")
    assert caught.value.message == "The tool broken failed (ValueError). The site's log says more."
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert "tool broken failed" in caplog.text


def test_an_error_of_the_tree_speaks_for_itself() -> None:
    @tool(permission="public")
    def costly() -> None:
        raise BudgetExceeded("Your daily cap is reached.")

    with pytest.raises(BudgetExceeded, match="daily cap"):
        ToolRegistry.execute_tool("costly")


def test_a_result_is_plain_bounded_and_masked() -> None:
    @tool(permission="public")
    def found(what: str) -> Any:
        return {
            "values": {"day": date(2026, 11, 21), "cost": Decimal("0.10")},
            "long": "x" * (MOST_RESULT_CHARS + 1),
            "key": ["sk-" + "a8Kd02mZqP4xVb71" * 2],
            "odd": object(),
        }[what]

    assert ToolRegistry.execute_tool("found", {"what": "values"}) == {"day": "2026-11-21", "cost": "0.10"}
    assert ToolRegistry.execute_tool("found", {"what": "key"}) == ["••••••••"]
    long = ToolRegistry.execute_tool("found", {"what": "long"})
    assert long["truncated"] and len(long["text"]) == MOST_RESULT_CHARS
    with pytest.raises(ToolFailed):
        ToolRegistry.execute_tool("found", {"what": "odd"})


def test_a_model_calls_a_tool_and_answers_with_its_result(openai, everyone) -> None:
    @tool(permission="engineer")
    def get_time(zone: str) -> dict[str, str]:
        """What time it is."""
        return {"time": "noon"}

    ivo = everyone["ivo"]
    service, ask = AIService(user=ivo), [{"role": "user", "content": "What time is it?"}]
    how = {"provider": "openai", "model": MODEL, "tools": ToolRegistry.get_openai_tools(user=ivo)}
    asked = service.chat(ask, **how)
    call = asked.tool_calls[0]
    assert asked.content == "" and asked.finish_reason == "tool_calls" and call["function"]["name"] == "get_time"
    answer = ToolRegistry.answer(call, user=ivo)
    assert answer == {"role": "tool", "tool_call_id": call["id"], "content": '{"time": "noon"}'}
    told = service.chat([*ask, asked.as_message(), answer], **how)
    assert told.content and told.tool_calls is None
    assert openai.calls[1].body["messages"][-1]["content"] == '{"time": "noon"}'


def test_a_refusal_is_told_to_the_model_as_a_sentence(weather) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    told = ToolRegistry.answer(call, user=None)
    assert json.loads(told["content"]) == {"error": "You may not run the tool get_weather."}


def test_tools_can_be_offered_as_they_are_registered(weather, openai, everyone) -> None:
    AIService(user=everyone["ivo"]).chat(
        [{"role": "user", "content": "x"}], provider="openai", model=MODEL, tools=[weather], tool_choice="none"
    )
    body = openai.calls[0].body
    assert body["tool_choice"] == "none" and body["tools"][0]["function"]["name"] == "get_weather"


def test_broken_arguments_come_back_as_an_error_and_never_run(weather, openai, everyone, ran) -> None:
    openai.script("badargs")
    response = AIService(user=everyone["ivo"]).chat(
        [{"role": "user", "content": "x"}], provider="openai", model=MODEL, tools=[weather]
    )
    (call,) = response.tool_calls
    assert call["error"] == "Its arguments are not valid JSON."
    with pytest.raises(AIServiceError):
        ToolRegistry.execute_tool(call["function"]["name"], call["function"]["arguments"], user=everyone["ivo"])
    assert ran == []


def test_a_stream_that_breaks_within_a_call_is_billed_for_what_was_written(weather, openai, everyone) -> None:
    openai.script("cut")

    async def read() -> None:
        ask = [{"role": "user", "content": "x"}]
        stream = AIService(user=everyone["ivo"]).astream(ask, provider="openai", model=MODEL, tools=[weather])
        async for _ in stream:
            raise AssertionError("A call is no text.")

    with pytest.raises(AIServiceError):
        asyncio.run(read())
    row = AIUsageLog.objects.get()
    assert (row.success, row.usage_source) == (False, "interrupted")
    assert row.output_tokens > 0
