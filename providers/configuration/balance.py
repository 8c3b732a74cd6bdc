"""What is left on the account of a provider that tells it. Kept briefly, asked through the guarded client.

A failure is a sentence in the row, never an error of the list; providers without such an endpoint have no balance.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from providers.configuration.directory import Directory, Entry
from providers.exceptions import AIDisabled, AIServiceError, KeyRefused
from providers.format import money, usd
from providers.models import AIServiceConfig
from providers.runtime import clock, loop
from providers.types import Connection
from providers.wires import wire_for

ASK_SECONDS = 5.0
KEEP_SECONDS, KEEP_FAILURE_SECONDS = 60.0, 15.0
SIGNS = {"USD": "$", "CNY": "¥", "EUR": "€"}


@dataclass(frozen=True, slots=True)
class Balance:
    """`amount` in `currency`, None where the provider sets no limit or `error` says why it is not known.

    `text` is what a page shows: `$12.34`, with a second currency behind it where the account has one.
    """

    as_of: datetime
    amount: Decimal | None = None
    currency: str = ""
    text: str = ""
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "amount": None if self.amount is None else usd(self.amount),
            "currency": self.currency or None,
            "text": self.text,
            "as_of": self.as_of.isoformat(),
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class _Kept:
    balance: Balance
    until: float


_kept: dict[tuple[str, str, str], _Kept] = {}


def told_by(entry: Entry) -> bool:
    """Whether that provider can be asked: it has such an endpoint, and it can be called."""
    return entry.row.slug in _READERS and entry.configured


def known(directory: Directory, slug: str) -> tuple[Balance | None, bool]:
    """What was last heard with the present key, and whether that is fresh. Asks nobody."""
    kept = _kept.get(_which(directory.connection(slug)))
    return (kept.balance, time.monotonic() < kept.until) if kept else (None, False)


def ask(directory: Directory, slugs: Iterable[str]) -> dict[str, Balance]:
    """The balances of those that tell one, all asked at the same time unless fresh. Sync."""
    found: dict[str, Balance] = {}
    open_: list[Connection] = []
    for slug in slugs:
        if not told_by(directory.entries[slug]):
            continue
        balance, fresh = known(directory, slug)
        if balance and fresh:
            found[slug] = balance
        else:
            open_.append(replace(directory.connection(slug), timeout_s=ASK_SECONDS))
    if open_ and not AIServiceConfig.get_instance().is_enabled:
        return found | {one.provider: Balance(clock.now(), error=AIDisabled().message) for one in open_}
    for connection, balance in zip(open_, loop.run(_ask_all(open_)) if open_ else [], strict=True):
        keep = KEEP_SECONDS if balance.error is None else KEEP_FAILURE_SECONDS
        _kept[_which(connection)] = _Kept(balance, time.monotonic() + keep)
        found[connection.provider] = balance
    return found


def _which(connection: Connection) -> tuple[str, str, str]:
    """Another key or address is another account. The key itself is not kept."""
    digest = hashlib.blake2b(connection.key.encode(), digest_size=16).hexdigest()
    return connection.provider, connection.base_url, digest


async def _ask_all(connections: list[Connection]) -> list[Balance]:
    return list(await asyncio.gather(*(_ask(connection) for connection in connections)))


async def _ask(connection: Connection) -> Balance:
    now = clock.now()
    try:
        return await _READERS[connection.provider](connection, now)
    except AIServiceError as error:
        return Balance(now, error=error.message)
    except (LookupError, TypeError, ValueError, InvalidOperation, AttributeError):
        return Balance(now, error=f"Provider {connection.provider} failed: its balance can't be read.")


async def _deepseek(connection: Connection, now: datetime) -> Balance:
    root = connection.base_url.removesuffix("/v1").removesuffix("/beta")
    told = await wire_for(replace(connection, base_url=root)).read("/user/balance")
    sums = [(str(one["currency"])[:8], _exact(one["total_balance"])) for one in told["balance_infos"]]
    sums.sort(key=lambda one: (one[1] == 0, one[0] != "USD"))  # what there is, dollars first
    currency, amount = sums[0]
    others = [_shown(sum_, code) for code, sum_ in sums[1:] if sum_]
    return Balance(now, amount, currency, " and ".join([_shown(amount, currency), *others]))


async def _openrouter(connection: Connection, now: datetime) -> Balance:
    """The account's credits; an ordinary key may only read its own limit."""
    wire = wire_for(connection)
    try:
        told = (await wire.read("/credits"))["data"]
        amount = _exact(told["total_credits"]) - _exact(told["total_usage"])
    except KeyRefused:
        told = (await wire.read("/key"))["data"]
        if told.get("limit_remaining") is None:
            return Balance(now, text=f"no limit, {money(_exact(told['usage']))} used")
        amount = _exact(told["limit_remaining"])
    return Balance(now, amount, "USD", _shown(amount, "USD"))


_READERS: dict[str, Callable[[Connection, datetime], Awaitable[Balance]]] = {
    "deepseek": _deepseek,
    "openrouter": _openrouter,
}


def _exact(value: Any) -> Decimal:
    amount = Decimal(str(value))
    if not amount.is_finite() or abs(amount) > 10**12:
        raise ValueError(value)
    return amount


def _shown(amount: Decimal, currency: str) -> str:
    sign = SIGNS.get(currency)
    text = f"{abs(amount):,.2f}"
    return f"{'-' if amount < 0 else ''}{sign}{text}" if sign else f"{amount:,.2f} {currency}"
