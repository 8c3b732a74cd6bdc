"""Every chat wire in every mode of the fake upstream: one answer, or one clear error."""

import asyncio
import json

import pytest

from providers import exceptions as errors
from providers.network import outbound
from providers.types import Meter
from providers.wires import wire_for
from tests.providers.wires.wire_kit import KEY, SCHEMA, Asked, ask, connection, prompt

NEW = ["gemini", "mistral", "cloudflare", "ollama"]
FOLLOWERS = ["grok", "groq", "deepseek", "openrouter", "nvidia"]
both = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
new = pytest.mark.parametrize("provider", NEW)
every = pytest.mark.parametrize("provider", NEW + FOLLOWERS)


@pytest.fixture(autouse=True)
async def closed(upstream):
    yield
    await outbound.aclose_all()


@both
@every
async def test_an_answer_comes_with_its_usage(upstream, provider, stream):
    asked = await ask(upstream, provider, stream=stream)
    reply, meter = asked.reply, asked.meter
    assert reply.content.startswith("Treat the cache as an ordinary change") and reply.finish_reason == "stop"
    beside = 9 if provider == "grok" else 0  # its reasoning
    assert reply.usage.input_tokens == 13
    assert reply.usage.output_tokens == len(reply.content.split(" ")) + beside
    assert meter.usage == reply.usage and meter.text == reply.content and meter.sent
    assert reply.model == meter.model == upstream.calls[0].body.get("model", "own-engineer-ok")
    assert (len(asked.pieces) > 20 and "".join(asked.pieces) == reply.content) if stream else not asked.pieces
    assert KEY not in upstream.calls[0].path


FAULTS = [
    ("401", errors.KeyRefused, "401 Unauthorized. The fake"),
    ("403", errors.KeyRefused, "403 Forbidden"),
    ("404", errors.UpstreamRejected, "404 Not Found. The fake"),
    ("422", errors.UpstreamRejected, "422 Unprocessable .*The fake"),
    ("408", errors.UpstreamTimeout, "408 Request Timeout"),
    ("429", errors.UpstreamRateLimited, "429 Too Many Requests"),
    ("500", errors.UpstreamUnavailable, "500 Internal Server Error. The fake"),
    ("529", errors.UpstreamUnavailable, "529 Overloaded"),
    ("html", errors.UpstreamBroken, "web page"),
    ("badjson", errors.UpstreamBroken, "not the JSON"),
    ("empty", errors.UpstreamBroken, "empty|stopped before"),
    ("cut", errors.UpstreamBroken, "cut off in the middle"),
    ("nullcontent", errors.UpstreamBroken, r"no text \(finish reason: stop\)"),
    ("nochoices", errors.UpstreamBroken, "no text"),
    ("echokey", errors.KeyRefused, "Rejected: (Bearer )?••••••••"),
    ("huge", errors.UpstreamBroken, "larger than 8 MB"),
    ("bomb", errors.UpstreamBroken, "larger than 8 MB"),
    ("redirect", errors.UpstreamBroken, "302 Found. It redirects"),
    ("reset", errors.UpstreamUnavailable, "connection was lost"),
]


@both
@pytest.mark.parametrize(("mode", "kind", "words"), FAULTS, ids=[row[0] for row in FAULTS])
@new
async def test_a_fault_becomes_one_clear_error(upstream, provider, mode, kind, words, stream):
    asked = Asked(Meter(), [])
    with pytest.raises(kind, match=words) as caught:
        await ask(upstream, provider, mode, stream=stream, asked=asked)
    fault = caught.value
    assert type(fault) is kind and fault.provider == provider and fault.__context__ is None
    assert fault.message.startswith(f"Provider {provider} failed: ") and KEY[3:12] not in fault.message
    assert asked.meter.sent


IN_THE_MIDDLE = {
    "gemini": (errors.UpstreamUnavailable, "The model is overloaded"),
    "mistral": (errors.UpstreamRateLimited, "Service tier capacity exceeded"),
    "cloudflare": (errors.UpstreamBroken, "Capacity temporarily exceeded"),
    "ollama": (errors.UpstreamBroken, "an error was encountered while running the model"),
    "openrouter": (errors.UpstreamUnavailable, "Provider disconnected unexpectedly"),
    "grok": (errors.UpstreamUnavailable, "The engine is overloaded"),
}


@pytest.mark.parametrize("provider", IN_THE_MIDDLE)
async def test_an_error_inside_a_stream_ends_it_and_what_came_can_be_billed(upstream, provider):
    kind, words = IN_THE_MIDDLE[provider]
    asked = Asked(Meter(), [])
    with pytest.raises(errors.UpstreamError, match=f"in the middle of its answer: {words}") as caught:
        await ask(upstream, provider, "errorevent", asked=asked)
    assert type(caught.value) is kind
    assert asked.meter.text and caught.value.upstream_status == 200


@new
async def test_an_error_under_status_200_is_one_in_one_piece_too(upstream, provider):
    with pytest.raises(errors.UpstreamError, match="The engine is overloaded"):
        await ask(upstream, provider, "errorevent", stream=False)


@new
async def test_a_stream_without_its_end_is_broken_but_what_came_can_be_billed(upstream, provider):
    asked = Asked(Meter(), [])
    with pytest.raises(errors.UpstreamBroken, match="stopped before the answer's end"):
        await ask(upstream, provider, "nodone", asked=asked)
    assert asked.meter.text


@pytest.mark.parametrize("mode", ["hang", "hangmid"])
@new
async def test_an_upstream_that_stands_still_is_left_in_time(upstream, provider, mode):
    await ask(upstream, provider)  # so that the limit is not spent on imports
    with pytest.raises(errors.UpstreamTimeout, match=r"within 0\.3 seconds"):
        await ask(upstream, provider, mode, options={"timeout_s": 0.3})
    await asyncio.to_thread(upstream.wait_for, lambda calls: calls[-1].outcome == "left")


@new
async def test_a_cancelled_stream_is_ended_upstream(upstream, provider):
    came = asyncio.Event()
    meter = Meter(on_text=lambda piece: came.set())
    wire = wire_for(connection(upstream, provider))
    task = asyncio.create_task(wire.achat(prompt(provider, "hangmid"), meter))
    await asyncio.wait_for(came.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(upstream.wait_for, lambda calls: calls[0].outcome == "left")
    assert meter.sent and meter.text


@both
@pytest.mark.parametrize("mode", ["nousage", "negusage", "hugeusage", "strusage"])
@new
async def test_a_missing_or_impossible_usage_is_none(upstream, provider, mode, stream):
    asked = await ask(upstream, provider, mode, stream=stream)
    assert asked.reply.usage is None and asked.meter.usage is None and asked.reply.content


@new
async def test_an_answer_at_its_limit_says_length(upstream, provider):
    reply = (await ask(upstream, provider, max_output_tokens=5)).reply
    assert reply.finish_reason == "length" and reply.usage.output_tokens == 5


@both
@every
async def test_a_schema_goes_along_and_json_comes_back(upstream, provider, stream):
    reply = (await ask(upstream, provider, json_schema=SCHEMA, stream=stream)).reply
    assert set(json.loads(reply.content)) == {"cause", "sure"}


@every
async def test_the_models_are_listed_at_no_cost_and_a_wrong_key_is_refused(upstream, provider):
    names = [one.id for one in await wire_for(connection(upstream, provider)).list_models()]
    assert any(name.endswith("fake-sceptic") for name in names) and "fake-embedding" not in names
    assert {call.method for call in upstream.calls} == {"GET"}
    wrong = wire_for(connection(upstream, provider, key="wrong-key-123456"))
    with pytest.raises(errors.KeyRefused):
        await wrong.list_models()


@new
async def test_the_models_of_a_broken_upstream_are_an_error(upstream, provider):
    for mode, words in (("html", "web page"), ("empty", "empty"), ("503", "503 Service Unavailable")):
        upstream.script(mode)
        with pytest.raises(errors.UpstreamError, match=words):
            await wire_for(connection(upstream, provider)).list_models()


@new
async def test_a_private_address_is_refused_before_anything_is_sent(upstream, provider):
    outbound.configure([])
    asked = Asked(Meter(), [])
    with pytest.raises(errors.OutboundRefused, match=f"AI_PRIVATE_HOSTS={upstream.netloc}"):
        await ask(upstream, provider, asked=asked)
    assert upstream.calls == [] and not asked.meter.sent


@new
async def test_text_that_is_no_text_is_the_callers_fault(upstream, provider):
    asked = Asked(Meter(), [])
    with pytest.raises(errors.InvalidInput, match="broken characters"):
        await ask(upstream, provider, asked=asked, system="half a pair: \ud83d")
    assert upstream.calls == [] and not asked.meter.sent


@new
async def test_nothing_from_the_environment_travels(upstream, provider, monkeypatch):
    for name in "OPENAI GEMINI GOOGLE MISTRAL CLOUDFLARE OLLAMA".split():
        monkeypatch.setenv(f"{name}_API_KEY", "canary-from-env")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "OLLAMA_HOST", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/canary-from-env")
    await ask(upstream, provider)
    assert len(upstream.calls) == 1 and "canary-from-env" not in str(upstream.calls)


@new
async def test_the_connection_is_kept_for_the_next_call(upstream, provider):
    for stream in (True, False, True):
        await ask(upstream, provider, stream=stream)
    session = outbound.upstream(upstream.url(provider)).session
    assert sum(len(kept) for kept in session.connector._conns.values()) == 1
