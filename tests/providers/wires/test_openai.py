"""The OpenAI-chat wire against a real HTTP server."""

import asyncio
from decimal import Decimal

import pytest

from providers import exceptions as errors
from providers.network import outbound
from providers.types import ChatMessage, Connection, Meter, Prompt
from providers.wires import wire_for

KEY = "sk-canary-0123456789abcdef0123456789abcdef"


@pytest.fixture
async def ask(upstream):
    """Asks the fake upstream in a mode; returns reply, meter and pieces."""

    async def asked(mode="ok", *, provider="openai", stream=True, key=KEY, timeout_s=30.0, **prompt):
        pieces = []
        meter = Meter(on_text=pieces.append if stream else None)
        prompt = {"max_output_tokens": 500, "system": "You are terse."} | prompt
        asked.meter, asked.pieces = meter, pieces
        wire = wire_for(Connection(provider, upstream.openai_url, key, timeout_s))
        question = (ChatMessage("user", "Should the cache move to Redis?"),)
        model = f"{'gpt-6' if provider == 'openai' else 'own'}-engineer-{mode}"
        reply = await wire.achat(Prompt(model, question, **prompt), meter)
        return reply, meter, pieces

    yield asked
    await outbound.aclose_all()


both = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


@both
async def test_an_answer_comes_with_its_usage(ask, upstream, stream):
    reply, meter, pieces = await ask(stream=stream)
    assert reply.content.startswith("Treat the cache as an ordinary change")
    assert reply.finish_reason == "stop" and reply.upstream_id == "fake-1"
    assert reply.usage.input_tokens == 13 and reply.usage.output_tokens == len(reply.content.split(" "))
    assert meter.usage == reply.usage and meter.text == reply.content and meter.sent
    assert (len(pieces) > 20 and "".join(pieces) == reply.content) if stream else pieces == []
    assert upstream.calls[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_a_stream_gives_its_first_words_before_its_last_and_can_be_cancelled(upstream):
    came = asyncio.Event()
    meter = Meter(on_text=lambda piece: came.set())
    wire = wire_for(Connection("openai", upstream.openai_url, KEY, 5))
    prompt = Prompt("gpt-6-hangmid", (ChatMessage("user", "x"),), 50)
    task = asyncio.create_task(wire.achat(prompt, meter))
    await asyncio.wait_for(came.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The cancelled task closed the connection: the upstream stops producing (and billing).
    await asyncio.to_thread(upstream.wait_for, lambda calls: calls[0].outcome == "left")
    assert meter.sent and meter.text and meter.model == "gpt-6-hangmid"
    await outbound.aclose_all()


@both
@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("401", errors.KeyRefused, "Provider openai failed: 401 Unauthorized. The fake"),
        ("403", errors.KeyRefused, "Provider openai failed: 403 Forbidden"),
        ("404", errors.UpstreamRejected, "404 Not Found"),
        ("422", errors.UpstreamRejected, "422 Unprocessable"),
        ("429", errors.UpstreamRateLimited, "Provider openai failed: 429 Too Many Requests"),
        ("500", errors.UpstreamUnavailable, "500 Internal Server Error"),
        ("529", errors.UpstreamUnavailable, "529 Overloaded"),
        ("html", errors.UpstreamBroken, "web page"),
        ("badjson", errors.UpstreamBroken, "not the JSON"),
        ("empty", errors.UpstreamBroken, "empty"),
        ("cut", errors.UpstreamBroken, "cut off in the middle"),
        ("errorevent", errors.UpstreamUnavailable, "in the middle of its answer: The engine is overloaded"),
        ("nullcontent", errors.UpstreamBroken, r"no text \(finish reason: stop\)"),
        ("nochoices", errors.UpstreamBroken, "no text"),
        ("huge", errors.UpstreamBroken, "larger than 8 MB"),
        ("bomb", errors.UpstreamBroken, "larger than 8 MB"),
        ("redirect", errors.UpstreamBroken, "302 Found. It redirects"),
        ("reset", errors.UpstreamUnavailable, "connection was lost"),
    ],
)
async def test_a_fault_becomes_one_clear_error(ask, stream, mode, kind, words):
    with pytest.raises(kind, match=words) as caught:
        await ask(mode, stream=stream)
    assert type(caught.value) is kind and caught.value.provider == "openai"
    assert ask.meter.sent, "the upstream had the request"


async def test_a_stream_without_its_end_is_broken(ask):
    with pytest.raises(errors.UpstreamBroken, match="stopped before the answer's end"):
        await ask("nodone")
    assert ask.meter.text


async def test_a_rate_limit_says_how_long_to_wait(ask):
    with pytest.raises(errors.UpstreamRateLimited) as caught:
        await ask("429")
    assert caught.value.retry_after == 7 and caught.value.upstream_status == 429 and caught.value.retryable


@pytest.mark.parametrize("mode", ["hang", "hangmid"])
async def test_an_upstream_that_stands_still_is_left_in_time(ask, upstream, mode):
    await ask()  # so that the limit is not spent on imports
    with pytest.raises(errors.UpstreamTimeout, match=r"no whole answer within 0\.5 seconds"):
        await ask(mode, timeout_s=0.5)
    await asyncio.to_thread(upstream.wait_for, lambda calls: calls[-1].outcome == "left")


@both
async def test_an_echoed_key_is_masked_everywhere(ask, stream):
    with pytest.raises(errors.KeyRefused, match="Rejected: Bearer ••••••••") as caught:
        await ask("echokey", stream=stream)
    assert KEY[3:12] not in caught.value.message
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@both
@pytest.mark.parametrize("mode", ["nousage", "negusage", "hugeusage", "strusage"])
async def test_a_missing_or_impossible_usage_is_none(ask, stream, mode):
    reply, meter, _ = await ask(mode, stream=stream)
    assert reply.usage is None and meter.usage is None and reply.content


async def test_no_connection_means_not_sent(ask, upstream):
    import socket

    with socket.socket() as taken:  # bound but not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        outbound.configure([f"127.0.0.1:{port}"])
        meter = Meter()
        wire = wire_for(Connection("local", f"http://127.0.0.1:{port}/v1", timeout_s=5))
        with pytest.raises(errors.UpstreamUnavailable, match="no connection could be made"):
            await wire.achat(Prompt("m", (ChatMessage("user", "x"),), 5), meter)
    assert not meter.sent


async def test_an_unknown_host_name_means_not_sent(monkeypatch):
    import socket

    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    meter = Meter()
    wire = wire_for(Connection("openai", "https://no-such-host.example.com/v1", KEY, 5))
    with pytest.raises(errors.UpstreamUnavailable, match="host name can't be found"):
        await wire.achat(Prompt("m", (ChatMessage("user", "x"),), 5), meter)
    assert not meter.sent
    await outbound.aclose_all()


async def test_text_that_is_no_text_is_the_callers_fault(ask, upstream):
    with pytest.raises(errors.InvalidInput, match="broken characters"):
        await ask(system="half a pair: \ud83d")
    assert upstream.calls == [] and not ask.meter.sent


async def test_a_private_address_is_refused_before_anything_is_sent(ask, upstream):
    outbound.configure([])
    with pytest.raises(errors.OutboundRefused, match=f"AI_PRIVATE_HOSTS={upstream.netloc}"):
        await ask()
    assert upstream.calls == [] and not ask.meter.sent


async def test_a_key_with_a_line_break_is_refused_here(ask, upstream):
    with pytest.raises(errors.KeyRefused, match="Save it again") as caught:
        await ask(key="sk-two\nlines-of-key")
    assert upstream.calls == [] and "lines-of" not in caught.value.message


async def test_nothing_from_the_environment_travels(ask, upstream, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "canary-from-env")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    await ask()
    await ask(provider="local", key="sk-")
    assert "canary-from-env" not in str(upstream.calls)


async def test_without_a_key_no_authorization_is_sent(ask, upstream):
    with pytest.raises(errors.KeyRefused):
        await ask(provider="local", key="")
    assert "Authorization" not in upstream.calls[0].headers


async def test_openai_gets_the_new_name_of_the_limit_and_followers_the_old_one(ask, upstream):
    await ask(temperature=0.2)
    await ask(provider="local")
    body, follower = upstream.calls[0].body, upstream.calls[1].body
    assert body["max_completion_tokens"] == 500 and "max_tokens" not in body
    assert follower["max_tokens"] == 500 and "max_completion_tokens" not in follower
    assert body["temperature"] == 0.2 and body["stream_options"] == {"include_usage": True}
    assert body["messages"][0] == {"role": "system", "content": "You are terse."}


async def test_an_answer_at_its_limit_says_length(ask):
    reply, _, _ = await ask(max_output_tokens=5)
    assert reply.finish_reason == "length" and reply.usage.output_tokens == 5


async def test_the_models_are_listed_and_a_wrong_key_is_refused(ask, upstream):
    wire = wire_for(Connection("openai", upstream.openai_url, KEY, 5))
    assert "fake-sceptic" in [one.id for one in await wire.list_models()]
    wrong = wire_for(Connection("openai", upstream.openai_url, "wrong-key-123456", 5))
    with pytest.raises(errors.KeyRefused, match="401 Unauthorized. Incorrect API key"):
        await wrong.list_models()


async def test_openrouter_is_asked_for_the_key_since_its_list_needs_none(ask, upstream):
    await wire_for(Connection("openrouter", upstream.openai_url, KEY, 5)).list_models()
    assert [call.path for call in upstream.calls] == ["/v1/key", "/v1/models"]


SCHEMA = {
    "type": "object",
    "properties": {"cause": {"type": "string"}, "sure": {"type": "boolean"}},
    "required": ["cause", "sure"],
    "additionalProperties": False,
}


async def test_a_schema_goes_along_strictly_and_json_comes_back(ask, upstream):
    import json

    reply, _, _ = await ask(json_schema=SCHEMA)
    assert set(json.loads(reply.content)) == {"cause", "sure"}
    form = upstream.calls[0].body["response_format"]
    assert form["json_schema"]["strict"] is True and form["json_schema"]["schema"] == SCHEMA


async def test_where_only_json_objects_are_known_the_schema_stands_in_the_prompt(upstream):
    wire = wire_for(Connection("deepseek", upstream.url("deepseek"), KEY, 5))
    await wire.achat(Prompt("deepseek-flash", (ChatMessage("user", "x"),), 50, json_schema=SCHEMA), Meter())
    await outbound.aclose_all()
    body = upstream.calls[0].body
    assert body["response_format"] == {"type": "json_object"} and body["max_tokens"] == 50
    assert '"additionalProperties": false' in body["messages"][0]["content"]


async def test_the_connection_is_kept_for_the_next_call(ask, upstream):
    for _ in range(3):
        await ask()
    session = outbound.upstream(upstream.openai_url).session
    assert sum(len(kept) for kept in session.connector._conns.values()) == 1


def test_a_caller_without_a_loop_gets_the_same_answer(upstream):
    wire = wire_for(Connection("openai", upstream.openai_url, KEY, 5))
    reply = wire.chat(Prompt("gpt-6-brief", (ChatMessage("user", "budget?"),), 100))
    assert reply.content.startswith("Yes, in this order") and reply.usage.cost_usd in (None, Decimal(0))
