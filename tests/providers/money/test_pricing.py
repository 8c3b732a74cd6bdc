"""Exact costs, unknown prices as an error, and worst cases that no usage within their bounds passes."""

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.catalog import CATALOG
from providers.exceptions import NotFound, PriceUnknown
from providers.money.pricing import MAX_TOKENS, MAX_USD, cost_of, price_of, sane, worst_case
from providers.types import Usage

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 21, 2, tzinfo=UTC)  # DeepSeek's dear hours
MODELS = [
    ("openai", "gpt-6-luna"),
    ("openai", "gpt-4o-mini"),
    ("claude", "claude-haiku-5-5"),
    ("claude", "claude-sonnet-5-5"),
    ("grok", "grok-4.3"),
    ("deepseek", "deepseek-flash"),
    ("groq", "openai/gpt-oss-120b"),
    ("mistral", "mistral-small-latest"),
    ("gemini", "gemini-3.5-flash-lite"),
    ("openrouter", "openai/gpt-4o-mini"),
    ("openrouter", "perplexity/sonar-deep-research"),
]
usages = st.builds(
    lambda cached, written, plain, out, share: Usage(
        input_tokens=cached + written + plain,
        output_tokens=out,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=out * share // 100,
    ),
    st.integers(0, 400_000),
    st.integers(0, 100_000),
    st.integers(0, 600_000),
    st.integers(0, 200_000),
    st.integers(0, 100),
)
moments = st.integers(0, 23).map(lambda hour: NOON.replace(hour=hour))


def listed_cost(slug: str, model: str, usage: Usage, now: datetime) -> Decimal:
    """What the price list's own calculation says."""
    provider_id = {row.slug: row.pricing_id for row in CATALOG}[slug]
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_reasoning_tokens=usage.reasoning_tokens,
    )
    found = genai_prices.calc_price(counted, model, provider_id=provider_id, genai_request_timestamp=now)
    return found.total_price


@pytest.mark.parametrize(("slug", "model"), MODELS)
@settings(max_examples=20, deadline=None)
@given(usage=usages, now=moments)
def test_a_cost_equals_the_price_lists_own_calculation(slug, model, usage, now):
    assert cost_of(slug, model, usage, now=now).usd == listed_cost(slug, model, usage, now)


@pytest.mark.parametrize(("slug", "model"), MODELS)
@settings(max_examples=20, deadline=None)
@given(usage=usages, reserved_at=moments, called_at=moments)
def test_no_usage_within_the_bounds_costs_more_than_the_worst_case(slug, model, usage, reserved_at, called_at):
    worst = worst_case(
        slug,
        model,
        input_tokens=usage.input_tokens,
        max_output_tokens=usage.output_tokens,
        now=reserved_at,
    )
    assert cost_of(slug, model, usage, now=called_at).usd <= worst
    smaller = Usage(input_tokens=usage.input_tokens * 2 // 3, output_tokens=usage.output_tokens)
    assert cost_of(slug, model, smaller, now=called_at).usd <= worst


def test_an_ordinary_price_is_per_million_tokens():
    price = price_of("openai", "gpt-4o-mini")
    assert (price.input_usd, price.output_usd, price.source) == (Decimal("0.15"), Decimal("0.6"), "genai-prices")


def test_a_long_prompt_costs_its_tier_from_the_first_token_on():
    short = cost_of("claude", "claude-haiku-5-5", Usage(100_000, 0)).usd
    long = cost_of("claude", "claude-haiku-5-5", Usage(100_001, 0)).usd
    assert (short, long) == (Decimal("0.01"), Decimal("0.0500005"))


def test_deepseek_costs_more_in_its_dear_hours_and_the_worst_case_knows_it_at_noon():
    usage = Usage(1_000_000, 1_000_000)
    assert cost_of("deepseek", "deepseek-flash", usage, now=NOON).usd == Decimal("0.75")
    assert cost_of("deepseek", "deepseek-flash", usage, now=NIGHT).usd == Decimal("1.5")
    worst = worst_case("deepseek", "deepseek-flash", input_tokens=1_000_000, max_output_tokens=1_000_000, now=NOON)
    assert worst == Decimal("1.5")


def test_a_cost_can_be_computed_again_from_its_rates():
    usage = Usage(5000, 300, cached_input_tokens=1000, cache_write_tokens=500)
    cost = cost_of("claude", "claude-sonnet-5-5", usage)
    rates = {name: Decimal(cost.rates[name]) for name in ("input", "cached_input", "cache_write", "output")}
    again = (
        rates["input"] * 3500 + rates["cached_input"] * 1000 + rates["cache_write"] * 500 + rates["output"] * 300
    ) / cost.rates["per"]
    assert again == cost.usd
    assert cost.rates["sheet"].startswith("genai-prices ")


@pytest.mark.parametrize("usd", [Decimal("0.0123"), Decimal(0)])
def test_what_the_provider_bills_wins_also_an_explicit_zero(usd):
    cost = cost_of("openrouter", "openrouter/auto", Usage(10, 10, cost_usd=usd))
    assert (cost.usd, cost.source) == (usd, "provider")


@pytest.mark.parametrize("usd", [Decimal(-5), Decimal("NaN"), Decimal("-Infinity"), "free", 0.1])
def test_a_bill_that_is_no_amount_falls_back_to_the_price_list(usd):
    cost = cost_of("openai", "gpt-4o-mini", Usage(1_000_000, 0, cost_usd=usd))
    assert (cost.usd, cost.source) == (Decimal("0.15"), "genai-prices")


@pytest.mark.parametrize(
    ("slug", "model", "words"),
    [
        ("openai", "gpt-unheard-of", "No price is known for openai/gpt-unheard-of"),
        ("nvidia", "nvidia/nemotron-3-super-120b-a12b", "No price is known for nvidia/nvidia/nemotron"),
        ("openai", "text-embedding-3-large", "No price is known"),
        ("openai", "", "No price is known for openai"),
        ("openrouter", "openrouter/auto", "only after the call"),
    ],
)
def test_an_unknown_price_is_refused_with_what_to_do(slug, model, words):
    for asked in (
        lambda: price_of(slug, model),
        lambda: cost_of(slug, model, Usage(1, 1)),
        lambda: worst_case(slug, model, input_tokens=1, max_output_tokens=1),
    ):
        with pytest.raises(PriceUnknown) as caught:
            asked()
        assert words in caught.value.message
        assert "Settings > AI > Providers" in caught.value.message


def test_an_unknown_provider_is_not_found():
    with pytest.raises(NotFound):
        price_of("nobody", "gpt-4o-mini")


@pytest.mark.parametrize(("slug", "source"), [("local", "local"), ("ollama", "local"), ("mock", "mock")])
def test_own_models_are_free_and_say_so(slug, source):
    cost = cost_of(slug, "anything", Usage(10**6, 10**6))
    assert (cost.usd, cost.source, price_of(slug, "anything").source) == (0, source, source)
    assert worst_case(slug, "anything", input_tokens=10**6, max_output_tokens=10**6) == 0


def test_a_model_listed_as_free_costs_nothing_by_the_list():
    cost = cost_of("openrouter", "allenai/molmo-7b-d:free", Usage(1000, 1000))
    assert (cost.usd, cost.source) == (0, "genai-prices")


@pytest.mark.parametrize("bad", [-1, -(10**30), "many", None, float("nan"), float("inf"), [], {}])
def test_a_hostile_count_is_never_below_zero(bad):
    usage = sane(Usage(bad, bad, bad, bad, bad, bad))
    assert usage == Usage()


def test_hostile_counts_are_bounded_and_parts_stay_within_their_whole():
    usage = sane(Usage(10**30, 10**30, 10**31, 10**31, 10**31, Decimal(10**9)))
    assert usage.input_tokens == usage.cached_input_tokens == usage.output_tokens == MAX_TOKENS
    assert (usage.cache_write_tokens, usage.cost_usd) == (0, MAX_USD)
    assert cost_of("openai", "gpt-4o-mini", Usage(10**30, 10**30)).usd <= MAX_USD


def test_a_million_tiny_costs_sum_up_exactly():
    tiny = cost_of("openai", "gpt-4o-mini", Usage(1, 0)).usd
    assert sum((tiny for _ in range(1_000_000)), Decimal(0)) == Decimal("0.15")
