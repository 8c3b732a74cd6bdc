"""The fallback: who answers where the one that was asked can't, what it costs, and when it must not answer."""

from decimal import Decimal

import pytest

from providers import gateway
from providers.exceptions import KeyRefused, ProviderResting, UpstreamError, UpstreamUnavailable
from providers.models import AIProviderSettings, AIUsageLog, Reservation
from providers.money.pricing import cost_of
from providers.runtime import loop
from providers.types import Purpose, Usage
from tests.providers.gateway.test_gateway import KEY, MODEL, ask, assert_nothing_is_held, policy, prompt
from tests.providers.ledger.ledger_kit import assert_reconciled, reserve

CLAUDE = "claude-sonnet-5-5"


@pytest.fixture
def claude(openai):
    """Claude stands in for whoever can't answer."""
    row = AIProviderSettings.get_solo()
    row.claude_api_key, row.claude_base_url = KEY, openai.anthropic_url
    row.save()
    policy(max_retries=0, fallback_provider="claude", fallback_model=CLAUDE)
    return openai


@pytest.mark.parametrize("streaming", [False, True])
def test_another_provider_answers_at_its_own_price_and_every_row_says_so(claude, everyone, streaming) -> None:
    claude.script("500")
    response = ask(everyone["ivo"], on_text=[].append if streaming else None)
    failed, good = AIUsageLog.objects.order_by("created_at", "used_fallback")
    assert (failed.provider, failed.used_fallback, failed.success) == ("openai", False, False)
    assert (good.provider, good.model, good.used_fallback, good.success) == ("claude", CLAUDE, True, True)
    usage = Usage(good.input_tokens, good.output_tokens)
    assert good.actual_cost_usd == cost_of("claude", CLAUDE, usage).usd == response.cost_usd
    assert good.actual_cost_usd != cost_of("openai", MODEL, usage).usd
    assert response.provider == "claude"
    assert response.metadata["used_fallback"] is True
    assert response.metadata["fallback_for"] == good.metadata["fallback_for"] == f"openai/{MODEL}"
    assert_nothing_is_held(everyone["ivo"])


def test_without_trouble_nobody_stands_in(claude, everyone) -> None:
    assert ask(everyone["ivo"]).metadata["used_fallback"] is False


def test_an_open_breaker_turns_to_the_fallback_without_a_call(claude, everyone) -> None:
    policy(circuit_breaker_threshold=1)
    claude.script("500")
    ask(everyone["ivo"])
    before = len(claude.calls)
    assert ask(everyone["ivo"]).provider == "claude"
    assert len(claude.calls) == before + 1


def test_a_refused_key_turns_to_the_fallback_too(claude, everyone) -> None:
    claude.script("401")
    assert ask(everyone["ivo"]).provider == "claude"


@pytest.mark.parametrize("mode", ["400", "422", "html"])
def test_a_question_that_is_refused_is_not_taken_elsewhere(claude, everyone, mode) -> None:
    claude.script(mode)
    with pytest.raises(UpstreamError, match="Provider openai failed"):
        ask(everyone["ivo"])
    assert len(claude.calls) == 1


def test_after_the_first_shown_piece_nobody_stands_in(claude, everyone) -> None:
    claude.script("errorevent")
    with pytest.raises(UpstreamError):
        ask(everyone["ivo"], on_text=[].append)
    assert len(claude.calls) == 1


def test_a_member_of_a_committee_is_never_replaced(claude, everyone) -> None:
    claude.script("500")
    purpose = Purpose(everyone["ivo"].pk, "senate.propose", may_fall_back=False)
    with pytest.raises(UpstreamUnavailable):
        loop.run(gateway.ask(prompt(), "openai", purpose))
    assert len(claude.calls) == 1


def test_a_fallback_reserves_for_itself_and_takes_nothing_of_what_the_caller_lent(claude, everyone) -> None:
    """What was lent is the worst case of the model that was asked, not of another."""
    held = reserve(everyone["ivo"].pk, tokens=20_000, usd="0.05")
    claude.script("500")
    purpose = Purpose(everyone["ivo"].pk, "chat", reservation=held)
    assert loop.run(gateway.ask(prompt(), "openai", purpose)).provider == "claude"
    lent = Reservation.objects.get(pk=held)
    assert (lent.usd_left, lent.closed_at) == (Decimal("0.05"), None)
    assert_reconciled()


def test_where_both_fail_the_sentence_names_both(claude, everyone) -> None:
    claude.script("500", "401")
    with pytest.raises(UpstreamUnavailable, match=r"openai failed: 500.*fallback failed too.*claude failed: 401"):
        ask(everyone["ivo"])
    assert AIUsageLog.objects.count() == 2
    assert_nothing_is_held(everyone["ivo"])


@pytest.mark.parametrize("other", [{"fallback_provider": ""}, {"fallback_provider": "mistral"}])
def test_without_a_fallback_that_can_be_called_the_error_stands(claude, everyone, other) -> None:
    policy(**other, circuit_breaker_threshold=1)
    claude.script("401")
    with pytest.raises(KeyRefused):
        ask(everyone["ivo"])
    with pytest.raises(ProviderResting):
        ask(everyone["ivo"])


def test_a_fallback_is_held_to_the_limit_of_one_call_as_well(claude, everyone) -> None:
    policy(model_pricing={CLAUDE: {"input": 90_000, "output": 90_000}}, per_request_cost_limit_usd=Decimal("0.5"))
    claude.script("500")
    with pytest.raises(UpstreamUnavailable, match="Cost limit of one call"):
        ask(everyone["ivo"])
    assert len(claude.calls) == 1


def test_the_rows_of_retries_streams_and_fallbacks_add_up_to_the_upstreams_own_bill(claude, everyone) -> None:
    policy(max_retries=1, retry_base_delay_seconds=0, circuit_breaker_threshold=1_000)
    claude.script(*"ok 500 ok 503 503 ok 429 ok ok 500 500 ok".split())
    while claude._state.script:
        for on_text in (None, [].append):
            ask(everyone["ivo"], on_text=on_text)
    bills = [(call.path, *call.bill) for call in claude.calls if call.bill]
    owed = [
        cost_of("claude" if "messages" in path else "openai", model, Usage(tokens_in, tokens_out)).usd
        for path, model, tokens_in, tokens_out in bills
    ]
    rows = list(AIUsageLog.objects.all())
    assert {path.rpartition("/")[2] for path, *_ in bills} == {"completions", "messages"}
    assert len(rows) == len(claude.calls) > len(bills)
    assert sum(row.actual_cost_usd for row in rows) == sum(owed) > 0
    assert {row.retry_count for row in rows} == {0, 1}
    assert_nothing_is_held(everyone["ivo"])
