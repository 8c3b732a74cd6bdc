"""The Anthropic wire against a real HTTP server."""

import asyncio
import json

import pytest

from providers import exceptions as errors
from providers.network import outbound
from providers.types import ChatMessage, Connection, Meter, Prompt
from providers.wires import wire_for

KEY = "sk-ant-canary-0123456789abcdef0123456789"


@pytest.fixture
async def ask(upstream):
    """Asks the fake upstream in a mode; returns reply, meter and pieces."""

    async def asked(mode="ok", *, stream=True, timeout_s=30.0, **prompt):
        pieces = []
        meter = asked.meter = Meter(on_text=pieces.append if stream else None)
        prompt = {"max_output_tokens": 500, "system": "You are terse."} | prompt
        wire = wire_for(Connection("claude", upstream.anthropic_url, KEY, timeout_s))
        question = (ChatMessage("user", "Is the rollout safe?"),)
        reply = await wire.achat(Prompt(f"claude-cautious-{mode}", question, **prompt), meter)
        return reply, meter, pieces

    yield asked
    await outbound.aclose_all()


both = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


@both
async def test_an_answer_comes_with_its_usage(ask, upstream, stream):
    reply, meter, pieces = await ask(stream=stream)
    assert reply.content.startswith("Do it, but slowly") and reply.finish_reason == "stop"
    assert reply.usage.input_tokens == 11 and reply.usage.output_tokens == len(reply.content.split(" "))
    assert meter.usage == reply.usage and meter.text == reply.content and reply.upstream_id == "fake-1"
    assert (len(pieces) > 20 and "".join(pieces) == reply.content) if stream else pieces == []
    headers, body = upstream.calls[0].headers, upstream.calls[0].body
    assert headers["Authorization"] == f"Bearer {KEY}" and headers["anthropic-version"] == "2026-10-21"
    assert body["system"] == "You are terse." and body["max_tokens"] == 500


@both
@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("401", errors.KeyRefused, "Provider claude failed: 401 Unauthorized. The fake"),
        ("404", errors.UpstreamRejected, "404 Not Found"),
        ("429", errors.UpstreamRateLimited, "429 Too Many Requests"),
        ("500", errors.UpstreamUnavailable, "500 Internal Server Error"),
        ("529", errors.UpstreamUnavailable, "529 Overloaded"),
        ("html", errors.UpstreamBroken, "web page"),
        ("badjson", errors.UpstreamBroken, "not the JSON"),
        ("empty", errors.UpstreamBroken, "empty"),
        ("cut", errors.UpstreamBroken, "cut off in the middle"),
        ("errorevent", errors.UpstreamUnavailable, "in the middle of its answer: "),
        ("nullcontent", errors.UpstreamBroken, r"no text \(finish reason: stop\)"),
        ("echokey", errors.KeyRefused, "Rejected: Bearer ••••••••"),
        ("huge", errors.UpstreamBroken, "larger than 8 MB"),
        ("redirect", errors.UpstreamBroken, "302 Found. It redirects"),
        ("reset", errors.UpstreamUnavailable, "connection was lost"),
    ],
)
async def test_a_fault_becomes_one_clear_error(ask, stream, mode, kind, words):
    with pytest.raises(kind, match=words) as caught:
        await ask(mode, stream=stream)
    assert type(caught.value) is kind and caught.value.provider == "claude"
    assert ask.meter.sent and caught.value.__context__ is None


async def test_a_stream_without_its_end_is_broken_but_what_came_can_be_billed(ask):
    with pytest.raises(errors.UpstreamBroken, match="stopped before the answer's end"):
        await ask("nodone")
    assert ask.meter.text and ask.meter.usage.input_tokens == 11


async def test_an_upstream_that_stands_still_is_left_in_time(ask, upstream):
    await ask()  # so that the limit is not spent on imports
    with pytest.raises(errors.UpstreamTimeout, match=r"within 0\.5 seconds"):
        await ask("hangmid", timeout_s=0.5)
    await asyncio.to_thread(upstream.wait_for, lambda calls: calls[-1].outcome == "left")


@both
@pytest.mark.parametrize("mode", ["nousage", "negusage", "hugeusage", "strusage"])
async def test_a_missing_or_impossible_usage_is_none(ask, stream, mode):
    reply, _, _ = await ask(mode, stream=stream)
    assert reply.usage is None and reply.content


async def test_a_temperature_is_never_sent(ask, upstream):
    await ask(temperature=0.3)
    assert "temperature" not in upstream.calls[0].body


async def test_an_answer_at_its_limit_says_length(ask):
    reply, _, _ = await ask(max_output_tokens=5)
    assert reply.finish_reason == "length" and reply.usage.output_tokens == 5


async def test_a_schema_goes_along_and_json_comes_back(ask):
    schema = {
        "type": "object",
        "properties": {"verdict": {"enum": ["go", "wait"]}},
        "required": ["verdict"],
        "additionalProperties": False,
    }
    reply, _, _ = await ask(json_schema=schema)
    assert json.loads(reply.content)["verdict"] in ("go", "wait")


async def test_the_models_are_listed_and_a_wrong_key_is_refused(upstream, ask):
    wire = wire_for(Connection("claude", upstream.anthropic_url, KEY, 5))
    assert "fake-sceptic" in [one.id for one in await wire.list_models()]
    wrong = wire_for(Connection("claude", upstream.anthropic_url, "wrong-key-123456", 5))
    with pytest.raises(errors.KeyRefused, match="401 Unauthorized"):
        await wrong.list_models()


async def test_nothing_from_the_environment_travels(ask, upstream, monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "canary-from-env")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    await ask()
    assert "canary-from-env" not in str(upstream.calls)
