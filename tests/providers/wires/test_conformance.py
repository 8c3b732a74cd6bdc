"""The wires held to the official SDKs: the same request, the same answer, an error where they have one.

It holds the fake upstream too: what it says, the SDKs read.
"""

import asyncio
from typing import Any

import pytest

from providers import exceptions as errors
from providers.network import outbound
from providers.wires import wire_for
from tests.providers.wires.sdk_kit import ASK, mistral_client
from tests.providers.wires.wire_kit import KEY, SCHEMA, ask, connection, prompt

both = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
every = pytest.mark.parametrize("provider", ASK)
NATIVE_SCHEMA = [provider for provider in ASK if provider != "cloudflare"]


@pytest.fixture(autouse=True)
async def closed(upstream):
    yield
    await outbound.aclose_all()


async def told_by_sdk(upstream, provider: str, mode: str, stream: bool, **more: Any) -> Any:
    return await asyncio.to_thread(ASK[provider], upstream, prompt(provider, mode, **more), stream)


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Without what an SDK adds and the upstream takes for nothing."""
    kept = {name: value for name, value in body.items() if (name, value) != ("tools", [])}
    if not kept.get("stream", True):
        del kept["stream"]
    if "systemInstruction" in kept:
        kept["systemInstruction"] = {"parts": kept["systemInstruction"]["parts"]}
    return {name: value for name, value in kept.items() if value is not None}


def wants(body: dict[str, Any], provider: str) -> bool:
    """Whether that request asks for a stream. Ollama streams unless it is told not to."""
    return body.get("stream", provider == "ollama")


@both
@every
async def test_the_request_is_the_one_that_the_sdk_sends(upstream, provider, stream):
    more = {"temperature": 0.2} | ({"json_schema": SCHEMA} if provider in NATIVE_SCHEMA else {})
    await told_by_sdk(upstream, provider, "ok", stream, **more)
    await ask(upstream, provider, stream=stream, **more)
    theirs, ours = upstream.calls
    assert plain(ours.body) == plain(theirs.body)
    assert wants(ours.body, provider) == wants(theirs.body, provider)
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    for name in ("Authorization", "x-goog-api-key", "anthropic-version", "Content-Type"):
        assert ours.headers.get(name) == theirs.headers.get(name), name


FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "end_turn": "stop", "max_tokens": "length"}


@both
@every
@pytest.mark.parametrize("limit", [500, 7])
async def test_the_answer_is_the_one_that_the_sdk_reads(upstream, provider, stream, limit):
    text, finish, tokens_in, tokens_out = await told_by_sdk(
        upstream, provider, "ok", stream, max_output_tokens=limit
    )
    reply = (await ask(upstream, provider, stream=stream, max_output_tokens=limit)).reply
    assert (reply.content, reply.finish_reason) == (text, FINISH.get(finish, finish))
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (tokens_in, tokens_out)


@both
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
@every
async def test_a_status_is_the_same_error_to_the_sdk(upstream, provider, status, stream):
    with pytest.raises(Exception, match=f"{status}|told to fail") as theirs:
        await told_by_sdk(upstream, provider, str(status), stream)
    with pytest.raises(errors.UpstreamError, match="told to fail") as ours:
        await ask(upstream, provider, str(status), stream=stream)
    seen = getattr(theirs.value, "status_code", None) or getattr(theirs.value, "code", None)
    assert ours.value.upstream_status == seen == status


@pytest.mark.parametrize("provider", ["openai", "claude", "gemini", "mistral", "ollama"])
async def test_an_error_inside_a_stream_is_one_to_the_sdk_too(upstream, provider):
    with pytest.raises(Exception, match="overloaded|[Vv]alidation|capacity"):
        await told_by_sdk(upstream, provider, "errorevent", True)
    with pytest.raises(errors.UpstreamError, match="in the middle"):
        await ask(upstream, provider, "errorevent")


def listed(upstream, provider: str) -> list[str]:
    if provider == "gemini":
        from google import genai
        from google.genai import types

        options = types.HttpOptions(base_url=upstream.url("gemini"))
        client = genai.Client(api_key=KEY, http_options=options)  # one without a name is closed at once
        return [one.name.removeprefix("models/") for one in client.models.list()]
    if provider == "openai":
        import openai

        return [one.id for one in openai.OpenAI(api_key=KEY, base_url=upstream.url("openai")).models.list()]
    if provider == "claude":
        import anthropic

        return [one.id for one in anthropic.Anthropic(api_key=KEY, base_url=upstream.url("claude")).models.list()]
    if provider == "mistral":
        return [one.id for one in mistral_client(upstream).models.list().data]
    from ollama import Client

    return [one.model for one in Client(host=upstream.url("ollama")).list().models]


@pytest.mark.parametrize("provider", ["openai", "claude", "gemini", "mistral", "ollama"])
async def test_the_models_are_those_that_the_sdk_lists(upstream, provider):
    theirs = await asyncio.to_thread(listed, upstream, provider)
    ours = [one.id for one in await wire_for(connection(upstream, provider)).list_models()]
    assert ours == [name for name in theirs if name != "fake-embedding"]
