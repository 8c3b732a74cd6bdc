"""Policy, key, price and bounds of a call, and its reservation."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from providers import ledger
from providers.configuration import current
from providers.configuration.current import Current
from providers.configuration.explicit import ExplicitConnection
from providers.exceptions import AIDisabled
from providers.guard import Redactor
from providers.models import AIServiceConfig
from providers.money import limits, pricing
from providers.resilience import breaker
from providers.runtime import clock
from providers.types import Connection, Prompt, Purpose

LEASE_MARGIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a call needs."""

    connection: Connection
    redactor: Redactor
    input_bound: int
    worst_usd: Decimal
    config: AIServiceConfig
    warning: str = ""
    probe: str = ""  # this call may try a provider whose breaker is open
    begun: datetime = field(default_factory=clock.now)
    attempt_id: UUID = field(default_factory=uuid4)

    @property
    def timeout_s(self) -> float:
        return self.connection.timeout_s


def prepare(
    prompt: Prompt,
    provider: str,
    timeout_s: float | None,
    own: ExplicitConnection | None = None,
    now: Current | None = None,
) -> Prepared:
    """Policy, key, price, bounds and breaker. `timeout_s`: at most so long. `own`: the caller's connection. `now`:
    what is saved; without it, or where the breaker is not closed, this asks the database.

    Errors: AIDisabled, NotConfigured, PriceUnknown, BudgetExceeded, ProviderResting.
    """
    now = now or current.read()
    config = now.config
    if not config.is_enabled:
        raise AIDisabled
    connection = own.connection() if own else now.directory.connection(provider)
    if timeout_s and timeout_s < connection.timeout_s:
        connection = replace(connection, timeout_s=max(timeout_s, 0.001))
    bound = pricing.bound_of(prompt)
    size = {"input_tokens": bound, "max_output_tokens": prompt.max_output_tokens}
    worst = pricing.worst_case(provider, prompt.model, own=config.own_prices, **size)
    warning = limits.check_one_call(config, worst)
    probe, whose = "", own.identity() if own else provider
    if now.rests(whose, prompt.model):
        lease_s = connection.timeout_s + LEASE_MARGIN_S
        probe = breaker.admit(config, whose, prompt.model, clock.now(), lease_s)
    redactor = Redactor([own.key] if own else (), spelled=now.spelled)
    return Prepared(connection, redactor, bound, worst, config, warning, probe)


async def reserve(
    prompt: Prompt, provider: str, purpose: Purpose, prepared: Prepared, repeat: int
) -> ledger.Admission:
    return await ledger.admit(
        user_id=purpose.user_id,
        operation=purpose.operation,
        session_id=purpose.session_id,
        tokens=prepared.input_bound + prompt.max_output_tokens,
        usd=prepared.worst_usd,
        lease_s=prepared.timeout_s + LEASE_MARGIN_S,
        attempt={
            "id": str(prepared.attempt_id),
            "provider": provider,
            "model": prompt.model,
            "input_tokens": prepared.input_bound,
            "retry_count": repeat,
            "service": purpose.metadata.get("service", ""),
        },
    )
