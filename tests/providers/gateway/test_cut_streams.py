"""Streams that are cut at nine points, in every dialect: a row each time, with what had come (prior art 4.3)."""

import pytest

from providers.exceptions import UpstreamError
from providers.models import AIUsageLog
from providers.money import pricing
from tests.fakes.modes import CUT_POINTS
from tests.providers.configuration.test_explicit import ask, own
from tests.providers.gateway.test_gateway import assert_nothing_is_held, policy, prompt
from tests.providers.ledger.ledger_kit import assert_reconciled

DIALECTS = "openai claude gemini mistral cloudflare ollama grok groq deepseek openrouter nvidia".split()


@pytest.mark.parametrize("provider", DIALECTS)
def test_a_cut_stream_is_booked_with_what_had_come(upstream, everyone, provider) -> None:
    policy(max_retries=0, circuit_breaker_threshold=1_000, model_pricing={"*": {"input": 1, "output": 2}})
    rest = {"account_id": "acc"} if provider == "cloudflare" else {}
    connection = own(upstream, provider, **rest)
    asked = prompt("@cf/meta/llama" if provider == "cloudflare" else "fake-optimist")
    whole = ask(everyone["ivo"], connection, asked, on_text=[].append)
    for n, mode in enumerate(CUT_POINTS, start=2):
        pieces: list[str] = []
        upstream.script(mode)
        with pytest.raises(UpstreamError) as caught:
            ask(everyone["ivo"], connection, asked, on_text=pieces.append)
        row = AIUsageLog.objects.get(pk=caught.value.log_id)
        assert AIUsageLog.objects.count() == n
        came = "".join(pieces)
        true_output = pricing.estimate_tokens(came) if came else 0
        if provider == "gemini" and (came or row.output_tokens):
            true_output = whole.output_tokens  # this upstream reports all of it with each chunk, and bills it
        assert abs(row.output_tokens - true_output) <= max(1, 0.02 * true_output), mode
        assert row.input_tokens > 0
        assert abs(row.input_tokens - whole.input_tokens) <= max(40, whole.input_tokens)
        assert row.usage_source in ("interrupted", "unknown")
        assert row.usage_source == "interrupted" or not came
        if provider != "ollama":
            assert row.actual_cost_usd > 0
    assert_nothing_is_held(everyone["ivo"])
    assert_reconciled()
