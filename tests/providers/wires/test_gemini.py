"""What sets the Gemini wire apart; the modes are in test_dialects."""

import pytest

from providers import exceptions as errors
from providers.network import outbound
from providers.types import ChatMessage, Meter
from providers.wires import wire_for
from providers.wires.gemini import GeminiWire, _path
from tests.providers.wires.wire_kit import KEY, SCHEMA, ask, connection, prompt


@pytest.fixture(autouse=True)
async def closed(upstream):
    yield
    await outbound.aclose_all()


async def test_the_request_is_written_in_its_words(upstream):
    turns = (ChatMessage("user", "One?"), ChatMessage("assistant", "Yes."), ChatMessage("user", "Two?"))
    await ask(upstream, "gemini", messages=turns, temperature=0.2, json_schema=SCHEMA)
    call = upstream.calls[0]
    assert call.path == "/gemini/v1/models/own-engineer-ok:streamGenerateContent?alt=sse"
    assert call.headers["x-goog-api-key"] == KEY and "Authorization" not in call.headers
    assert [one["role"] for one in call.body["contents"]] == ["user", "model", "user"]
    assert call.body["systemInstruction"] == {"parts": [{"text": "You are terse."}]}
    assert call.body["generationConfig"] == {
        "maxOutputTokens": 500,
        "temperature": 0.2,
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }


async def test_thoughts_are_billed_but_not_shown(upstream):
    reply = (await ask(upstream, "gemini")).reply
    assert reply.usage.reasoning_tokens == 3 and "Let me think" not in reply.content


async def test_a_wrong_key_comes_as_400_and_a_rate_limit_tells_its_wait_in_the_body(upstream):
    with pytest.raises(errors.KeyRefused, match=r"400 Bad Request\. API key not valid"):
        await ask(upstream, "gemini", options={"key": "wrong-key-123456"})
    with pytest.raises(errors.UpstreamRateLimited) as caught:
        await ask(upstream, "gemini", "429")
    assert caught.value.retry_after == 13


def test_a_blocked_prompt_says_why_and_keeps_its_usage(upstream):
    wire, meter = GeminiWire(connection(upstream, "gemini")), Meter()
    data = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 7}}
    with pytest.raises(errors.UpstreamRejected, match=r"it blocked the prompt \(SAFETY\)") as caught:
        wire._read(data, meter)
    assert meter.usage.input_tokens == 7 and not caught.value.retryable


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("SPII", "content_filter")],
)
def test_a_finish_reason_is_told_in_the_words_of_the_site(upstream, reason, finish):
    wire, meter = GeminiWire(connection(upstream, "gemini")), Meter()
    content = {"parts": [{"text": "So far."}]}
    found = wire._read({"candidates": [{"content": content, "finishReason": reason}]}, meter)
    assert wire._reply(meter, found).finish_reason == finish


def test_an_answer_that_was_held_back_holds_no_text(upstream):
    wire, meter = GeminiWire(connection(upstream, "gemini")), Meter()
    with pytest.raises(errors.UpstreamBroken, match=r"no text \(finish reason: content_filter\)"):
        wire._reply(meter, wire._read({"candidates": [{"finishReason": "SAFETY"}]}, meter))


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-x", "/v1/models/gemini-x"),
        ("models/gemini-x", "/v1/models/gemini-x"),
        ("tunedModels/mine", "/v1/tunedModels/mine"),
        ("../../v1beta/x?key=1#", "/v1/models/x%3Fkey%3D1%23"),
    ],
)
def test_a_model_never_leads_to_another_path(model, path):
    assert _path(model) == path


async def test_the_model_that_really_answered_is_noted(upstream):
    meter = Meter()
    await wire_for(connection(upstream, "gemini")).achat(prompt("gemini", "ok"), meter)
    assert meter.model == "own-engineer-ok" and meter.upstream_id == "fake-1"
