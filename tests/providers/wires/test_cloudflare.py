"""What sets the Cloudflare wire apart; the modes are in test_dialects."""

import pytest

from providers import exceptions as errors
from providers.network import outbound
from providers.types import Meter
from providers.wires import wire_for
from providers.wires.cloudflare import CloudflareWire
from tests.providers.wires.wire_kit import Asked, ask, connection


@pytest.fixture(autouse=True)
async def closed(upstream):
    yield
    await outbound.aclose_all()


async def test_the_account_is_part_of_the_address(upstream):
    await ask(upstream, "cloudflare")
    await ask(upstream, "cloudflare", options={"account_id": "acc-2"})
    paths = [f"/cloudflare/accounts/{account}/ai/v1/chat/completions" for account in ("acc-1", "acc-2")]
    assert [call.path for call in upstream.calls] == paths


@pytest.mark.parametrize("account", ["", "../x", "a/b", "a?b", "a" * 65])
async def test_an_account_that_is_none_is_refused_before_anything_is_sent(upstream, account):
    asked = Asked(Meter(), [])
    with pytest.raises(errors.OutboundRefused, match="account id") as caught:
        await ask(upstream, "cloudflare", options={"account_id": account}, asked=asked)
    assert upstream.calls == [] and not asked.meter.sent and caught.value.provider == "cloudflare"


async def test_a_model_that_is_to_retire_says_when(upstream):
    models = await wire_for(connection(upstream, "cloudflare")).list_models()
    assert models[0].id.startswith("@cf/") and [one.retires_on for one in models][:2] == ["2027-01-30", ""]


def test_an_answer_in_an_envelope_is_read_too(upstream):
    choice = {"message": {"content": "Yes."}, "finish_reason": "stop"}
    wire, meter = CloudflareWire(connection(upstream, "cloudflare")), Meter()
    wire._read_whole({"success": True, "errors": [], "result": {"choices": [choice]}}, meter)
    assert meter.text == "Yes."
