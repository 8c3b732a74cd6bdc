"""Every cost again from what its row kept: tokens by class, the rates of that moment. No price list is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from providers.fields import to_pico
from providers.models import AIUsageLog
from providers.money.pricing import MAX_USD, sum_of
from providers.types import Usage

ROWS_AT_ONCE = 2_000
TOKENS = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens")

CLASSES = ("input", "cached_input", "cache_write", "output", "reasoning")


def recomputed(rates: Mapping[str, Any], usage: Usage) -> Decimal | None:
    """The cost of a usage row from the rates that were kept with it; None where none were."""
    if not set(CLASSES) <= rates.keys():
        return None
    return min(sum_of({name: Decimal(str(rates[name])) for name in CLASSES}, usage), MAX_USD)


@dataclass(frozen=True, slots=True)
class Again:
    """One row: its cost as booked and as recomputed. `cost` None: it has no rates (the provider's own figure, a
    local model, a call that was lost)."""

    number: int
    booked: Decimal
    cost: Decimal | None

    @property
    def differs(self) -> bool:
        return self.cost is not None and to_pico(self.cost) != to_pico(self.booked)


def recompute() -> Iterator[Again]:
    """All rows in order, memory flat."""
    last = 0
    while True:
        rows = AIUsageLog.objects.filter(number__gt=last).order_by("number")
        found = list(rows.values_list("number", "actual_cost_usd", "rates", *TOKENS)[:ROWS_AT_ONCE])
        for number, booked, rates, *tokens in found:
            yield Again(number, booked, recomputed(rates, Usage(*tokens)))
        if len(found) < ROWS_AT_ONCE:
            return
        last = found[-1][0]
