"""What a session may still spend of its quote. Pure.

The quote holds the planned calls at their worst case. A repair or a further chair is paid from what the planned
calls left over, so that a bill never passes its quote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

ORDER = ("answer", "propose", "review", "chair")


@dataclass(frozen=True, slots=True)
class Amount:
    tokens: int = 0
    usd: Decimal = Decimal(0)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens + other.tokens, self.usd + other.usd)

    def within(self, most: "Amount") -> bool:
        return self.tokens <= most.tokens and self.usd <= most.usd


class Purse:
    """`planned` maps a call's key to its worst case; the chair's is "chair", whoever it is."""

    def __init__(self, quote: Amount, planned: Mapping[str, Amount]) -> None:
        self._quote = quote
        self._ahead = dict(planned)
        self._running: dict[str, Amount] = {}
        self._spent = Amount()

    def take(self, key: str, worst: Amount, extra: bool) -> bool:
        """Sets the worst case of a call aside. False: an extra call that does not fit; then don't make it."""
        phase = key.partition(":")[0]
        self._pass_over(phase)
        if extra and not (self.bound + worst).within(self._quote):
            return False
        if not extra:
            self._ahead.pop("chair" if phase == "chair" else key, None)
        self._running[key] = worst
        return True

    def settle(self, key: str, spent: Amount) -> None:
        """What the call has cost takes the place of its worst case."""
        self._running.pop(key, None)
        self._spent = self._spent + spent

    @property
    def bound(self) -> Amount:
        """The most that the session comes to by what is known now."""
        return sum([*self._ahead.values(), *self._running.values()], start=self._spent)

    def raise_to_bound(self) -> tuple[Amount, Amount]:
        """Lifts the quote where calls must be made twice (a worker was lost); the quote, and what is ahead of it.

        What was left over for extra calls stays available."""
        bound = self.bound
        tokens, usd = max(bound.tokens, self._quote.tokens), max(bound.usd, self._quote.usd)
        self._quote = Amount(tokens, usd)
        return self._quote, Amount(tokens - self._spent.tokens, usd - self._spent.usd)

    def _pass_over(self, phase: str) -> None:
        """Calls of earlier phases that were never made (their member was lost) need nothing any more."""
        past = ORDER[: ORDER.index(phase)]
        self._ahead = {key: worst for key, worst in self._ahead.items() if key.partition(":")[0] not in past}
