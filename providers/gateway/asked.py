"""What was asked, and what came of it so far: shared by all attempts at one question."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from providers.configuration.current import Current
from providers.configuration.explicit import ExplicitConnection
from providers.gateway.rows import Bill
from providers.types import Prompt, Purpose, ToolDelta


@dataclass(slots=True)
class Asked:
    """`shown`: a part of an answer was handed on, so nothing is asked again. `current`: what the caller read just
    now of what is saved."""

    prompt: Prompt
    provider: str
    purpose: Purpose
    on_text: Callable[[str], None] | None = None
    on_ready: Callable[[], None] | None = None
    timeout_s: float | None = None
    on_call: Callable[[ToolDelta], None] | None = None
    connection: ExplicitConnection | None = None
    current: Current | None = None
    bill: Bill = field(default_factory=Bill)
    shown: bool = False
    used_fallback: bool = False
    _deadline: float | None = None

    @property
    def breaker(self) -> str:
        """Whose breaker a call is under: the provider's, or that of the connection which the caller brought."""
        return self.connection.identity() if self.connection else self.provider

    def take_current(self) -> Current | None:
        """What the caller read, for the first attempt alone."""
        taken, self.current = self.current, None
        return taken

    def left_s(self) -> float | None:
        """Seconds that are left for all further attempts; None before the first."""
        if self._deadline is None:
            return self.timeout_s
        return self._deadline - asyncio.get_running_loop().time()

    def begin(self, timeout_s: float) -> None:
        """The clock of all attempts starts with the first."""
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + timeout_s

    def ready(self) -> None:
        """Tells the caller, once, that the call may start."""
        told, self.on_ready = self.on_ready, None
        if told is not None:
            told()

    def lent(self) -> str | None:
        """The caller's reservation, as long as it holds the worst case of the next attempt whole."""
        billed = self.bill.input_tokens or self.bill.output_tokens or self.bill.cost_usd
        return None if billed or self.used_fallback else self.purpose.reservation

    def show(self, piece: str) -> None:
        self.shown = True
        if self.on_text is not None:
            self.on_text(piece)

    def show_call(self, delta: ToolDelta) -> None:
        self.shown = True
        if self.on_call is not None:
            self.on_call(delta)

    def turn_to(self, provider: str, model: str) -> None:
        """From here on the fallback is asked."""
        first = f"{self.provider}/{self.prompt.model}"
        self.purpose = replace(self.purpose, metadata={**self.purpose.metadata, "fallback_for": first})
        self.provider, self.prompt, self.used_fallback = provider, replace(self.prompt, model=model), True
