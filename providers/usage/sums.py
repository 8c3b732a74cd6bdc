"""Figures out of sums: one dict per group of calls, in plain values. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.usage.rollup.cells import COUNTED, FAILED, FELL_BACK, LIMITED, TOKENS, Cell, percentile
from providers.usage.rollup.reading import Kinds, Money

SHOWN = 50  # groups that a table names; what is left is summed as "other"
COLUMNS = {
    "provider": ("provider",),
    "model": ("provider", "model"),
    "user": ("user_id",),
    "operation": ("operation",),
    "service": ("service",),
}
PICO = 10**12
PERCENTILES = (50, 95, 99)


def usd(pico: int) -> str:
    """Exact dollars as text, at least two decimals: `12.07`, `0.000098125`."""
    whole, rest = divmod(abs(pico), PICO)
    return f"{'-' if pico < 0 else ''}{whole}.{f'{rest:012}'.rstrip('0').ljust(2, '0')}"


def figures(kinds: Kinds) -> dict[str, Any]:
    """`pico`s and `times` are for working with here and are dropped before an answer."""
    whole = Cell()
    for cell in kinds.values():
        whole.add(cell)
    named = dict(zip(TOKENS, whole.tokens, strict=True))
    return {
        "pico": whole.pico,
        "estimated_pico": sum(cell.pico for kind, cell in kinds.items() if kind & COUNTED),
        "calls": whole.calls,
        "failed": calls_of(kinds, FAILED),
        "limited": calls_of(kinds, LIMITED),
        "fallbacks": calls_of(kinds, FELL_BACK),
        **named,
        "total_tokens": named["input_tokens"] + named["output_tokens"],
        "times": whole.times,
    }


def calls_of(kinds: Kinds, bit: int) -> int:
    return sum(cell.calls for kind, cell in kinds.items() if kind & bit)


def merge(many: Iterable[Kinds]) -> Kinds:
    merged: Kinds = {}
    for kinds in many:
        for kind, cell in kinds.items():
            merged.setdefault(kind, Cell()).add(cell)
    return merged


def spend(kinds: Kinds) -> int:
    """Pico-dollars."""
    return sum(cell.pico for cell in kinds.values())


def calls(kinds: Kinds) -> int:
    return sum(cell.calls for cell in kinds.values())


def money(kinds: Kinds) -> Money:
    return Money(calls(kinds), spend(kinds))


def together(many: Iterable[Money]) -> Money:
    many = list(many)
    return Money(sum(one.calls for one in many), sum(one.pico for one in many))


def ordered(groups: Mapping[Any, Money]) -> list[Any]:
    """Most spend first, then most calls, then by name."""
    return sorted(groups, key=lambda group: (-groups[group].pico, -groups[group].calls, group))


def latencies(times: dict[int, int]) -> dict[str, int | None]:
    """`p50_ms`, `p95_ms`, `p99_ms`."""
    return {f"p{percent}_ms": percentile(times, percent) for percent in PERCENTILES}
