"""What sets the Mistral wire apart; the modes are in test_dialects."""

import pytest

from providers.network import outbound
from providers.types import Meter
from providers.wires import wire_for
from providers.wires.mistral import MistralWire
from tests.providers.wires.wire_kit import ask, connection


@pytest.fixture(autouse=True)
async def closed(upstream):
    yield
    await outbound.aclose_all()


async def test_nothing_is_sent_that_its_closed_schema_refuses(upstream):
    reply = (await ask(upstream, "mistral", temperature=1.9)).reply
    body = upstream.calls[0].body
    assert set(body) == {"model", "messages", "max_tokens", "temperature", "stream"}
    assert body["temperature"] == 1.5 and reply.usage.output_tokens > 20


async def test_the_base_url_may_end_in_v1(upstream):
    wire = wire_for(connection(upstream, "mistral"))
    with_v1 = wire_for(connection(upstream, "mistral"))
    with_v1.connection = type(wire.connection)("mistral", wire.connection.base_url + "/v1", wire.connection.key)
    assert await wire.list_models() == await with_v1.list_models()


async def test_a_model_that_is_to_retire_says_when(upstream):
    models = await wire_for(connection(upstream, "mistral")).list_models()
    assert [one.retires_on for one in models][:2] == ["2027-02-28", ""]


def test_a_reasoning_model_answers_in_parts(upstream):
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Let me think."}]},
        {"type": "text", "text": "Yes."},
    ]
    wire, meter = MistralWire(connection(upstream, "mistral")), Meter()
    finish = wire._read_chunk({"choices": [{"delta": {"content": parts}, "finish_reason": "model_length"}]}, meter)
    assert meter.text == "Yes." and wire._reply(meter, finish).finish_reason == "length"
