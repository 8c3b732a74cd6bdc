"""Each catalog row through the door with its default model: one answer, one row, its price."""

from decimal import Decimal

import pytest

from providers import gateway
from providers.catalog import provider as row_of
from providers.models import AIProviderSettings, AIUsageLog
from providers.runtime import loop
from providers.types import ChatMessage, Prompt, Purpose
from tests.providers.wires.wire_kit import KEY

PRICED = ["gemini", "mistral", "cloudflare", "groq", "grok", "deepseek", "openrouter"]


@pytest.fixture
def saved(upstream, everyone):
    row = AIProviderSettings.get_solo()
    for slug in (*PRICED, "ollama"):
        setattr(row, f"{slug}_api_key", KEY)
        setattr(row, f"{slug}_base_url", upstream.url(slug))
    row.cloudflare_account_id = "acc-1"
    row.save()
    return everyone["ivo"]


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("slug", [*PRICED, "ollama"])
def test_every_wire_answers_through_the_door_and_is_booked(saved, slug, stream):
    pieces: list[str] = []
    asked = Prompt(row_of(slug).default_model, (ChatMessage("user", "Why is my deploy stuck?"),), 500)
    on_text = pieces.append if stream else None
    response = loop.run(gateway.ask(asked, slug, Purpose(saved.pk, "chat"), on_text=on_text))
    row = AIUsageLog.objects.get()
    assert response.content and (not stream or "".join(pieces) == response.content)
    assert (row.provider, row.success, row.usage_source) == (slug, True, "reported")
    assert (row.input_tokens, row.output_tokens) == (response.input_tokens, response.output_tokens)
    assert (row.actual_cost_usd > 0) is (slug != "ollama") and row.actual_cost_usd == response.cost_usd
    told = {"grok": Decimal("0.0037756"), "openrouter": Decimal("0.00042")}
    assert row.actual_cost_usd == told.get(slug, row.actual_cost_usd)
