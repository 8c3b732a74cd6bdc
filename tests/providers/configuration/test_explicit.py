"""A connection that the caller brings: same door, same books, nothing of the site's own keys in it."""

from decimal import Decimal

import pytest

from providers import gateway
from providers.configuration.directory import Directory
from providers.configuration.explicit import ExplicitConnection
from providers.exceptions import (
    AIDisabled,
    BudgetExceeded,
    InvalidInput,
    KeyRefused,
    NotConfigured,
    NotFound,
    OutboundRefused,
    PriceUnknown,
    ProviderResting,
    UpstreamError,
    UpstreamUnavailable,
)
from providers.models import AIServiceConfig, AIUsageLog, ProviderBreaker, UserAICap
from providers.resilience import health
from providers.runtime import clock, loop
from providers.types import Purpose
from tests.providers.gateway.test_gateway import MODEL, assert_nothing_is_held, policy, prompt

OWN_KEY = "sk-brought-fedcba9876543210fedcba9876543210"


def own(upstream, provider: str = "openai", **rest) -> ExplicitConnection:
    return ExplicitConnection(provider, **({"key": OWN_KEY, "base_url": upstream.url(provider)} | rest))


def ask(user, connection: ExplicitConnection, given=None, **rest):
    call = gateway.ask(
        given or prompt(), connection.provider, Purpose(user.pk, "recommend"), connection=connection, **rest
    )
    return loop.run(call)


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", MODEL), ("claude", "claude-sonnet-5-5"), ("gemini", "gemini-3-flash"), ("grok", "grok-4"),
     ("mistral", "mistral-small-latest")],
)  # fmt: skip
def test_it_answers_with_its_own_key_and_is_booked_like_every_call(upstream, everyone, provider, model) -> None:
    policy(model_pricing={"*": {"input": 1, "output": 2}})
    response = ask(everyone["ivo"], own(upstream, provider), prompt(model))
    row = AIUsageLog.objects.get()
    assert response.content
    assert any(OWN_KEY in value for value in upstream.calls[-1].headers.values())
    assert (row.provider, row.model, row.operation, row.success) == (provider, model, "recommend", True)
    assert row.actual_cost_usd == response.cost_usd > 0
    assert row.metadata["own_connection"] is True
    assert_nothing_is_held(everyone["ivo"])


def test_a_host_without_a_key_is_enough_for_ollama(upstream, everyone) -> None:
    response = ask(everyone["ivo"], ExplicitConnection("ollama", host=upstream.url("ollama")), prompt("llama3.2"))
    assert response.content
    assert response.cost_usd == 0
    assert "Authorization" not in upstream.calls[-1].headers


def test_copilot_needs_its_address_and_a_price(upstream, everyone) -> None:
    with pytest.raises(InvalidInput, match="base URL"):
        ask(everyone["ivo"], ExplicitConnection("copilot", key=OWN_KEY), prompt("gpt-4o"))
    brought = ExplicitConnection("copilot", key=OWN_KEY, base_url=upstream.openai_url)
    with pytest.raises(PriceUnknown):
        ask(everyone["ivo"], brought, prompt("gpt-4o"))
    policy(model_pricing={"*": {"input": 1, "output": 2}})
    assert ask(everyone["ivo"], brought, prompt("gpt-4o")).content


def test_a_saved_key_is_never_sent_to_an_address_that_a_caller_brought(openai, everyone) -> None:
    with pytest.raises(InvalidInput, match="needs a key"):
        ask(everyone["ivo"], ExplicitConnection("openai", base_url=openai.openai_url))
    assert openai.calls == []


def test_its_breaker_is_its_own_and_not_that_of_the_saved_key(openai, everyone) -> None:
    from tests.providers.gateway.test_gateway import ask as ask_saved

    openai.script("401")
    with pytest.raises(KeyRefused):
        ask(everyone["ivo"], own(openai))
    with pytest.raises(ProviderResting, match=r"Provider openai is resting .*its key is refused"):
        ask(everyone["ivo"], own(openai))
    assert ask_saved(everyone["ivo"]).content
    assert ask(everyone["ivo"], own(openai, key=OWN_KEY + "0")).content
    row = ProviderBreaker.objects.exclude(opened_at=None).get()
    assert row.provider.startswith("openai#")
    assert OWN_KEY[3:] not in f"{row.provider}{row.detail}{AIServiceConfig.get_instance().provider_health}"


def test_its_refused_key_says_nothing_of_the_saved_one_on_the_page(openai, everyone) -> None:
    openai.script("401")
    with pytest.raises(KeyRefused):
        ask(everyone["ivo"], own(openai))
    entry = Directory().entries["openai"]
    assert not health.of([entry], clock.now(), {})["openai"].trouble


def test_repeats_and_probes_are_under_its_own_breaker_too(openai, everyone, pauses) -> None:
    policy(circuit_breaker_threshold=2, max_retries=5)
    openai.set_mode("500")
    with pytest.raises(UpstreamUnavailable):
        ask(everyone["ivo"], own(openai))
    assert (len(openai.calls), len(pauses)) == (2, 2)
    assert [row.retry_count for row in AIUsageLog.objects.order_by("retry_count")] == [0, 1]
    assert_nothing_is_held(everyone["ivo"])


def test_the_sites_fallback_does_not_stand_in_for_it(openai, everyone) -> None:
    policy(max_retries=0, fallback_provider="openai", fallback_model="gpt-5.1")
    openai.script("500")
    with pytest.raises(UpstreamUnavailable):
        ask(everyone["ivo"], own(openai))
    assert len(openai.calls) == 1


@pytest.mark.parametrize("streaming", [False, True])
def test_its_key_is_masked_in_what_comes_back(upstream, everyone, streaming) -> None:
    upstream.script("echokey")
    with pytest.raises(UpstreamError) as caught:
        ask(everyone["ivo"], own(upstream), on_text=[].append if streaming else None)
    row = AIUsageLog.objects.get()
    assert OWN_KEY[3:] not in caught.value.message + row.error_message + repr(own(upstream))


def test_an_answer_that_holds_its_key_is_masked(upstream, everyone) -> None:
    from providers.gateway.prepare import prepare

    redactor = prepare(prompt(), "openai", None, own(upstream)).redactor
    assert redactor.whole(f"It is {OWN_KEY}.") == "It is ••••••••."


def test_policy_caps_and_prices_hold(upstream, everyone) -> None:
    with pytest.raises(PriceUnknown):
        ask(everyone["ivo"], own(upstream), prompt("no-such-model"))
    policy(per_request_cost_limit_usd=Decimal("0.000001"))
    with pytest.raises(BudgetExceeded):
        ask(everyone["ivo"], own(upstream))
    policy(per_request_cost_limit_usd=Decimal(1))
    UserAICap.objects.create(user=everyone["lee"], daily_token_cap=5)
    with pytest.raises(BudgetExceeded):
        ask(everyone["lee"], own(upstream))
    policy(is_enabled=False)
    with pytest.raises(AIDisabled):
        ask(everyone["ivo"], own(upstream))
    assert upstream.calls == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "https://169.254.169.254", "file:///etc/passwd"])
def test_an_address_that_the_guard_refuses_is_not_called(everyone, address) -> None:
    with pytest.raises(OutboundRefused):
        ask(everyone["ivo"], ExplicitConnection("openai", key=OWN_KEY, base_url=address))


def test_what_is_no_provider_or_is_switched_off_is_refused(everyone, upstream) -> None:
    with pytest.raises(NotFound):
        ask(everyone["ivo"], ExplicitConnection("nobody", key=OWN_KEY))
    with pytest.raises(NotConfigured):
        ask(everyone["ivo"], ExplicitConnection("mock"), prompt("mock-brief"))
    with pytest.raises(InvalidInput, match="another provider"):
        loop.run(gateway.ask(prompt(), "claude", Purpose(everyone["ivo"].pk, "x"), connection=own(upstream)))
