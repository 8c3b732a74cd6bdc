"""What a call costs, and what it can cost at most: exact Decimals from the bundled price list.

A price that an admin set for a model goes before the list, and the one for `*` stands in where the list has none.
Nothing is fetched. An unknown price is an error of its own, never zero. The figures that a cost was made
from travel with it (`rates`), so that it can be computed again from a usage row.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from providers.catalog import provider as row_of
from providers.exceptions import PriceUnknown
from providers.money.own_prices import FALLBACK, NONE, OwnPrice, OwnPrices, price_for
from providers.money.tokens import bound_tokens, estimate_tokens
from providers.types import Prompt, Usage

__all__ = [
    "Cost",
    "Price",
    "bound_of",
    "bound_tokens",
    "cost_of",
    "estimate_tokens",
    "price_of",
    "sane",
    "worst_case",
]

MILLION = Decimal(1_000_000)
ZERO = Decimal(0)
FREE = {"mock": "mock", "local": "local", "ollama": "local"}  # slug -> source
MAX_TOKENS = 100_000_000  # of one call; ten times the largest context there is
MAX_USD = Decimal(1_000)  # of one call
_SOON = timedelta(days=2)  # a price that starts while a call may still run

PER_MESSAGE = 8  # tokens that a dialect puts round each turn
TOOLS_TOKENS = 1_000  # what an upstream itself says to a model of its tools, billed as input


@lru_cache(maxsize=64)  # a call is priced by who asks for it, and again at the door
def _bound(words: str) -> int:
    return bound_tokens(words)


def bound_of(prompt: Prompt) -> int:
    """An upper estimate of the input tokens of that prompt, for a reservation."""
    bound = _bound(prompt.words) + PER_MESSAGE * (len(prompt.messages) + 1)
    return bound + TOOLS_TOKENS if prompt.tools else bound


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, for an ordinary call made now (lowest tier)."""

    input_usd: Decimal
    output_usd: Decimal
    cached_input_usd: Decimal
    cache_write_usd: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Cost:
    """`source`: provider, own, genai-prices, fallback, local or mock. `rates`: what it was made from, in JSON."""

    usd: Decimal
    source: str
    rates: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A model of the price list. `prices` are the list's own objects."""

    model: Any
    sheet: str

    def at(self, when: datetime) -> Any:
        return self.model.get_prices(when)

    def possible(self, when: datetime) -> list[Any]:
        """Every price that can hold for a call that starts now: each hour's, and one that starts soon."""
        if not isinstance(self.model.prices, list):
            return [self.model.prices]
        found = []
        for conditional in reversed(self.model.prices):
            start = getattr(conditional.constraint, "start_date", None)
            if start is None or start <= (when + _SOON).date():
                found.append(conditional.prices)
            if conditional.constraint is None or (start is not None and start <= when.date()):
                return found  # an always valid price hides the older ones
        return [*found, self.model.prices[0].prices]


@lru_cache(maxsize=2048)
def _listed(slug: str, model: str) -> _Listed:
    """The listed model; raises `PriceUnknown`. Imports the list on first use (0.2 s)."""
    from genai_prices import __version__
    from genai_prices.data_snapshot import get_snapshot

    pricing_id = row_of(slug).pricing_id
    if pricing_id is None or not model or model == "openrouter/auto":
        raise _unknown(slug, model)
    try:
        _, found = get_snapshot().find_provider_model(model, None, pricing_id, None)
    except LookupError:
        raise _unknown(slug, model) from None
    listed = _Listed(found, f"genai-prices {__version__}")
    priced = all(prices.input_mtok is not None and prices.output_mtok is not None for prices in _all(found))
    if not priced and not model.endswith(":free"):
        raise _unknown(slug, model)
    return listed


def _all(model: Any) -> list[Any]:
    return [each.prices for each in model.prices] if isinstance(model.prices, list) else [model.prices]


def _unknown(slug: str, model: str) -> PriceUnknown:
    name = f"{slug}/{model}"[:120] if model else slug
    if model == "openrouter/auto":
        return PriceUnknown(
            "OpenRouter names the model, and so the price, of openrouter/auto only after the call. "
            "Choose one of its models by name under Settings > AI > Providers.",
            param="model",
        )
    return PriceUnknown(
        f"No price is known for {name}, so its cost can't be held against a cap. "
        "Choose a model with a listed price under Settings > AI > Providers, or set its price, or a fallback "
        "price for *, under Settings > AI > Policy.",
        param="model",
    )


def _at_size(price: Any, input_tokens: int) -> Decimal:
    """One unit price per million at that size of input. Passing a tier's start moves all tokens to it."""
    if isinstance(price, Decimal):
        return price
    over = [tier.price for tier in price.tiers if input_tokens > tier.start]
    return over[-1] if over else price.base


def _rates(prices: Any, input_tokens: int) -> dict[str, Decimal]:
    """Per million, by class of token. What has no price of its own costs what its class costs."""
    listed = prices.__dict__  # the list's own attribute look-up is slow for prices that it doesn't have

    def rate(key: str, fallback: Decimal) -> Decimal:
        price = listed.get(key)
        return fallback if price is None else _at_size(price, input_tokens)

    plain_in, plain_out = rate("input_mtok", ZERO), rate("output_mtok", ZERO)
    return {
        "input": plain_in,
        "cached_input": rate("cache_read_mtok", plain_in),
        "cache_write": rate("cache_write_mtok", plain_in),
        "output": plain_out,
        "reasoning": rate("output_reasoning_mtok", plain_out),
    }


def _set_by_hand(provider: str, model: str, own: OwnPrices) -> tuple[OwnPrice, str] | None:
    """An admin's price and where it comes from: the model's own, else `*` where the list knows no price."""
    if price := price_for(own, provider, model):
        return price, "own"
    if FALLBACK not in own or row_of(provider).slug in FREE:
        return None
    try:
        _listed(provider, model)
    except PriceUnknown:
        return own[FALLBACK], "fallback"
    return None


def price_of(provider: str, model: str, *, own: OwnPrices = NONE, now: datetime | None = None) -> Price:
    """The price per million tokens; raises `PriceUnknown` with what to do, `NotFound` for no such provider."""
    if by_hand := _set_by_hand(provider, model, own):
        price, source = by_hand
        return Price(price.input_usd, price.output_usd, price.cached_input_usd, price.input_usd, source)
    if source := FREE.get(row_of(provider).slug):
        return Price(ZERO, ZERO, ZERO, ZERO, source)
    rates = _rates(_listed(provider, model).at(now or datetime.now(UTC)), 0)
    return Price(rates["input"], rates["output"], rates["cached_input"], rates["cache_write"], "genai-prices")


def sane(usage: Usage) -> Usage:
    """Usage as it can be: whole numbers from 0 to `MAX_TOKENS`, parts within their whole, a cost from 0 to
    `MAX_USD` or none. What an upstream reports wrongly never lowers a total below zero."""
    if usage.cost_usd is None and usage.fits(MAX_TOKENS):
        return usage

    def whole(value: Any, most: int) -> int:
        try:
            return max(0, min(int(value), most))
        except (TypeError, ValueError, OverflowError):
            return 0

    tokens_in, tokens_out = whole(usage.input_tokens, MAX_TOKENS), whole(usage.output_tokens, MAX_TOKENS)
    cached = whole(usage.cached_input_tokens, tokens_in)
    return Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cached_input_tokens=cached,
        cache_write_tokens=whole(usage.cache_write_tokens, tokens_in - cached),
        reasoning_tokens=whole(usage.reasoning_tokens, tokens_out),
        cost_usd=_sane_cost(usage.cost_usd),
    )


def _sane_cost(usd: Decimal | None) -> Decimal | None:
    """None where it is no amount of money, so that the price list decides."""
    if usd is None or not isinstance(usd, Decimal | int) or not Decimal(usd).is_finite() or usd < 0:
        return None
    return min(Decimal(usd), MAX_USD)


def cost_of(
    provider: str, model: str, usage: Usage, *, own: OwnPrices = NONE, now: datetime | None = None
) -> Cost:
    """What this usage costs. The provider's own figure wins, an explicit zero too; then an admin's price, then
    the price list.

    Raises `PriceUnknown`. Hostile numbers are taken as `sane` takes them."""
    usage = sane(usage)
    by_hand = _set_by_hand(provider, model, own)
    if by_hand is None and (source := FREE.get(row_of(provider).slug)):
        return Cost(ZERO, source)
    if usage.cost_usd is not None:
        return Cost(usage.cost_usd, "provider")
    if by_hand is not None:
        price, source = by_hand
        return _cost(price.rates(), usage, source, sheet="model_pricing", model=price.name)
    listed = _listed(provider, model)
    rates = _rates(listed.at(now or datetime.now(UTC)), usage.input_tokens)
    return _cost(rates, usage, "genai-prices", sheet=listed.sheet, model=listed.model.id)


def _cost(rates: dict[str, Decimal], usage: Usage, source: str, **of: str) -> Cost:
    as_json = {name: format(rate, "f") for name, rate in rates.items()}
    return Cost(min(sum_of(rates, usage), MAX_USD), source, {**as_json, "per": int(MILLION), **of})


def sum_of(rates: dict[str, Decimal], usage: Usage) -> Decimal:
    plain_in = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens
    plain_out = usage.output_tokens - usage.reasoning_tokens
    counted = {
        "input": plain_in,
        "cached_input": usage.cached_input_tokens,
        "cache_write": usage.cache_write_tokens,
        "output": plain_out,
        "reasoning": usage.reasoning_tokens,
    }
    return sum((rates[name] * count for name, count in counted.items()), ZERO) / MILLION


def worst_case(
    provider: str,
    model: str,
    *,
    input_tokens: int,
    max_output_tokens: int,
    own: OwnPrices = NONE,
    now: datetime | None = None,
) -> Decimal:
    """The most that `cost_of` can give for up to so many tokens, in dollars: dearest hour, tier and class.

    Raises `PriceUnknown`."""
    if by_hand := _set_by_hand(provider, model, own):
        rates = by_hand[0].rates()
        return (
            max(rates["input"], rates["cached_input"]) * input_tokens + rates["output"] * max_output_tokens
        ) / (MILLION)
    if row_of(provider).slug in FREE:
        return ZERO
    dearest = ZERO
    for prices in _listed(provider, model).possible(now or datetime.now(UTC)):
        # A longer tier is dearer, but nothing promises it: look at every size that a tier begins at.
        for size in _sizes(prices, input_tokens):
            rates = _rates(prices, size)
            per_in = max(rates["input"], rates["cached_input"], rates["cache_write"])
            per_out = max(rates["output"], rates["reasoning"])
            dearest = max(dearest, (per_in * size + per_out * max_output_tokens) / MILLION)
    return dearest


def _sizes(prices: Any, input_tokens: int) -> set[int]:
    """The bound itself, and the largest input of each tier below it."""
    starts = {
        tier.start
        for price in prices.__dict__.values()
        for tier in getattr(price, "tiers", ())
        if tier.start < input_tokens
    }
    return {input_tokens, *starts}
