"""The followers of the OpenAI dialect, each in what sets it apart (one row of the dialect's table each)."""

from decimal import Decimal

import pytest

from providers import exceptions as errors
from providers.network import outbound
from tests.providers.wires.wire_kit import SCHEMA, ask

both = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


@pytest.fixture(autouse=True)
async def closed(upstream):
    yield
    await outbound.aclose_all()


@both
async def test_xai_reasoning_is_added_and_its_own_cost_is_taken(upstream, stream):
    usage = (await ask(upstream, "grok", stream=stream)).reply.usage
    assert usage.reasoning_tokens == 9 and usage.cost_usd == Decimal("0.0037756")


async def test_an_xai_error_is_text_and_a_wrong_key_comes_as_400(upstream):
    with pytest.raises(errors.UpstreamRejected, match=r"400 Bad Request\. The fake upstream was told to fail"):
        await ask(upstream, "grok", "400")
    with pytest.raises(errors.KeyRefused, match=r"400 Bad Request\. Incorrect API key provided: ••••••••\."):
        await ask(upstream, "grok", options={"key": "wrong-key-123456"})


async def test_deepseek_is_told_not_to_think(upstream):
    reply = (await ask(upstream, "deepseek", max_output_tokens=40)).reply
    assert reply.content and reply.usage.cached_input_tokens == 2
    body = upstream.calls[0].body
    assert body["thinking"] == {"type": "disabled"} and body["max_tokens"] == 40


async def test_deepseek_without_money_is_not_asked_again(upstream):
    with pytest.raises(errors.CreditExhausted, match="402 Payment Required") as caught:
        await ask(upstream, "deepseek", "402")
    assert not caught.value.retryable


@both
async def test_openrouter_names_the_model_and_states_the_cost(upstream, stream):
    reply = (await ask(upstream, "openrouter", stream=stream)).reply
    assert reply.usage.cost_usd == Decimal("0.00042") and reply.model == "own-engineer-ok"


async def test_groq_reports_beside_the_chunk(upstream):
    reply = (await ask(upstream, "groq")).reply
    assert reply.usage.output_tokens == len(reply.content.split(" "))
    with pytest.raises(errors.UpstreamUnavailable, match="498 Flex Capacity Exceeded"):
        await ask(upstream, "groq", "498")


async def test_nvidia_tells_its_problems_in_a_shape_of_its_own(upstream):
    with pytest.raises(errors.KeyRefused, match=r"403 Forbidden\. The fake upstream was told to fail"):
        await ask(upstream, "nvidia", "403")
    usage = (await ask(upstream, "nvidia")).reply.usage
    assert (usage.cached_input_tokens, usage.reasoning_tokens) == (0, 0) and usage.input_tokens == 13


@pytest.mark.parametrize("provider", ["mistral", "cloudflare", "deepseek", "grok"])
async def test_a_schema_goes_along_in_the_form_that_each_takes(upstream, provider):
    await ask(upstream, provider, json_schema=SCHEMA)
    body = upstream.calls[0].body
    form = {"mistral": "json_schema", "grok": "json_schema", "deepseek": "json_object", "cloudflare": None}
    assert body.get("response_format", {}).get("type") == form[provider]
    assert ("JSON schema" in body["messages"][0]["content"]) == (provider in ("cloudflare", "deepseek"))
