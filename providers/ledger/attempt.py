"""One upstream call as it will be booked, and its row: bounded, and free of what a database refuses."""

import json
import math
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from providers.fields import to_pico
from providers.money.pricing import MAX_USD, sane
from providers.trail.signature import USAGE, sign_row
from providers.types import Usage, UsageSource

LONGEST_MS = 2**31 - 1
METADATA_CHARS = 8_000
PREVIEW_CHARS = 2_000
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Attempt:
    """Durations in ms, money in USD. `id` is the row's key: the same id is booked once, however often asked."""

    provider: str
    model: str
    user_id: int
    operation: str
    session_id: str = ""
    model_version: str = ""
    usage: Usage = field(default_factory=Usage)
    usage_source: UsageSource = "reported"
    estimated_cost_usd: Decimal = Decimal(0)
    actual_cost_usd: Decimal = Decimal(0)
    price_source: str = ""
    rates: dict[str, Any] = field(default_factory=dict)
    processing_time_ms: int = 0
    first_token_ms: int | None = None
    retry_count: int = 0
    success: bool = False
    error_message: str = ""
    error_code: str = ""
    used_fallback: bool = False
    prompt_hash: str = ""
    prompt_preview: str = ""
    response_preview: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid4)


def booked(attempt: Attempt) -> Attempt:
    """The attempt with hostile figures made sane; what was reported is kept in `metadata["as_reported"]`."""
    usage = sane(attempt.usage)
    cost = _money(attempt.actual_cost_usd)
    if cost is None:
        cost = _money(attempt.estimated_cost_usd) or Decimal(0)
    if usage == attempt.usage and cost == attempt.actual_cost_usd:
        return attempt
    reported = {"usage": str(attempt.usage)[:400], "cost_usd": str(attempt.actual_cost_usd)[:40]}
    return replace(
        attempt, usage=usage, actual_cost_usd=cost, metadata={**attempt.metadata, "as_reported": reported}
    )


def _money(value: Any) -> Decimal | None:
    """A bounded amount; None for what is none (text, NaN, below zero)."""
    if not isinstance(value, Decimal | int) or not Decimal(value).is_finite() or value < 0:
        return None
    return min(Decimal(value), MAX_USD)


def row_of(attempt: Attempt, *, number: int, cap_day: date, now: datetime) -> dict[str, Any]:
    """Column -> value of a booked attempt, signed. Money in pico-dollars; JSON as text."""
    usage = attempt.usage
    row = {
        "number": number,
        "id": attempt.id,
        "user_id": attempt.user_id,
        "cap_day": cap_day,
        "session_id": _text(attempt.session_id, 64),
        "operation": _text(attempt.operation, 60),
        "provider": _text(attempt.provider, 40),
        "model": _text(attempt.model, 200),
        "model_version": _text(attempt.model_version, 200),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "usage_source": attempt.usage_source,
        "estimated_cost_usd": to_pico(_money(attempt.estimated_cost_usd) or Decimal(0)),
        "actual_cost_usd": to_pico(attempt.actual_cost_usd),
        "price_source": _text(attempt.price_source, 40),
        "rates": _json(attempt.rates),
        "processing_time_ms": _bounded(attempt.processing_time_ms, LONGEST_MS),
        "first_token_ms": None if attempt.first_token_ms is None else _bounded(attempt.first_token_ms, LONGEST_MS),
        "retry_count": _bounded(attempt.retry_count, 32_767),
        "success": bool(attempt.success),
        "error_message": _text(attempt.error_message, 2_000),
        "error_code": _text(attempt.error_code, 60),
        "used_fallback": bool(attempt.used_fallback),
        "prompt_hash": _text(attempt.prompt_hash, 64),
        "prompt_preview": _text(attempt.prompt_preview, PREVIEW_CHARS),
        "response_preview": _text(attempt.response_preview, PREVIEW_CHARS),
        "metadata": _json(attempt.metadata),
        "created_at": now,
    }
    row["signature"] = sign_row(USAGE, row)
    return row


def _bounded(value: int, most: int) -> int:
    return max(0, min(int(value), most))


def _text(value: Any, most: int) -> str:
    """Without NUL and lone surrogates, which no database takes."""
    text = str(value)
    if text.isascii() and "\0" not in text:
        return text[:most]
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:most]


def _json(value: dict[str, Any]) -> str:
    text = _as_it_is(value) or json.dumps(_plain(value))
    return text if len(text) <= METADATA_CHARS else json.dumps({"dropped": f"{len(text)} characters of metadata"})


def _as_it_is(value: dict[str, Any]) -> str:
    """The JSON of what is plain already, which nearly all is; empty for what `_plain` must look at."""
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return ""
    shallow = text.count("{") + text.count("[") <= _DEEPEST
    return text if shallow and len(text) <= METADATA_CHARS and "\\u" not in text else ""


def _plain(value: Any, depth: int = 0) -> Any:
    """Only what JSON has: no NaN, no object, no endless depth."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth < _DEEPEST and isinstance(value, dict):
        return {_text(key, 200): _plain(each, depth + 1) for key, each in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_plain(each, depth + 1) for each in value]
    return _text(value, METADATA_CHARS)


def lost(
    draft: dict[str, Any],
    *,
    row_id: UUID,
    user_id: int,
    operation: str,
    session_id: str,
    tokens: int,
    usd: Decimal,
) -> Attempt:
    """The row of a call whose process ended before its outcome was stored: charged at what was reserved.

    `draft`: what the caller knew before it called: provider, model, and `input_tokens` and `service` where it knew
    them.
    """
    known = draft.get("input_tokens")
    tokens_in = min(tokens, known) if isinstance(known, int) and known >= 0 else tokens
    return Attempt(
        id=row_id,
        provider=str(draft.get("provider", "")),
        model=str(draft.get("model", "")),
        user_id=user_id,
        operation=operation,
        session_id=session_id,
        usage=Usage(input_tokens=tokens_in, output_tokens=tokens - tokens_in),
        usage_source="unknown",
        estimated_cost_usd=usd,
        actual_cost_usd=usd,
        price_source="reserved",
        retry_count=int(draft.get("retry_count", 0)),
        error_code="lost",
        error_message=(
            "The process that made this call ended before its outcome was stored. "
            "It is charged at what was reserved for it."
        ),
        prompt_hash=str(draft.get("prompt_hash", "")),
        metadata={"service": str(draft["service"])} if draft.get("service") else {},
    )
