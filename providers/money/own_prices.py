"""Prices that an admin set: USD per million tokens by model, with `*` for every model that has no price. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from providers.exceptions import InvalidInput

FALLBACK = "*"
MOST_USD = Decimal(100_000)  # per million tokens
MOST_MODELS = 500
_FIELDS = ("input", "output", "cached_input")


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """USD per million tokens. `name` is the key that it stands under."""

    name: str
    input_usd: Decimal
    output_usd: Decimal
    cached_input_usd: Decimal

    def rates(self) -> dict[str, Decimal]:
        """By class of token, as a price list has them."""
        return {
            "input": self.input_usd,
            "cached_input": self.cached_input_usd,
            "cache_write": self.input_usd,
            "output": self.output_usd,
            "reasoning": self.output_usd,
        }


OwnPrices = Mapping[str, OwnPrice]
NONE: OwnPrices = {}


def read_prices(given: Any) -> OwnPrices:
    """`model_pricing` as prices. Errors: InvalidInput naming the model and what is wrong with its price."""
    if not isinstance(given, Mapping):
        raise _wrong("Give a JSON object of model names, each with its price.")
    if len(given) > MOST_MODELS:
        raise _wrong(f"At most {MOST_MODELS} models can have a price of their own.")
    return {str(name): _price(str(name), price) for name, price in given.items()}


def _price(name: str, given: Any) -> OwnPrice:
    if not name.strip() or len(name) > 250:
        raise _wrong("A model's name has 1 to 250 characters; * stands for every model without a price.")
    if not isinstance(given, Mapping) or not {"input", "output"} <= set(given) or set(given) - set(_FIELDS):
        raise _wrong(f"{name[:80]}: give input and output, and cached_input if it differs, in USD per million.")
    read = {field: _dollars(name, field, given[field]) for field in given}
    return OwnPrice(name, read["input"], read["output"], read.get("cached_input", read["input"]))


def _dollars(name: str, field: str, given: Any) -> Decimal:
    problem = _wrong(f"{name[:80]}: {field} must be an amount in USD per million tokens, 0 to {MOST_USD:,}.")
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        raise problem
    try:
        usd = Decimal(str(given).strip())
    except InvalidOperation:
        raise problem from None
    if not usd.is_finite() or not 0 <= usd <= MOST_USD:
        raise problem
    return usd


def _wrong(words: str) -> InvalidInput:
    return InvalidInput(words, param="model_pricing")


def price_for(prices: OwnPrices, provider: str, model: str) -> OwnPrice | None:
    """The price that was set for this very model; `provider/model` goes before the bare name."""
    return prices.get(f"{provider}/{model}") or (prices.get(model) if model != FALLBACK else None)
