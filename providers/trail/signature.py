"""Signatures of rows that must never change, with a key that the database doesn't hold.

Whoever can write into the database alone can't put in a row, or a seal, that this site would have signed: the key
is derived from SECRET_KEY. Rows signed under one of SECRET_KEY_FALLBACKS still count.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings

from providers.fields import to_pico

_PURPOSE = b"aiops console: rows that never change"

# What a usage row's signature covers, in this order. JSON is left to the seals: PostgreSQL rewrites its text.
USAGE = [
    "number",
    "id",
    "user_id",
    "cap_day",
    "session_id",
    "operation",
    "provider",
    "model",
    "model_version",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "usage_source",
    "estimated_cost_usd",
    "actual_cost_usd",
    "price_source",
    "processing_time_ms",
    "first_token_ms",
    "retry_count",
    "success",
    "error_message",
    "error_code",
    "used_fallback",
    "prompt_hash",
    "prompt_preview",
    "response_preview",
    "created_at",
]


@lru_cache(maxsize=8)
def _derived(secret: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE, "sha256")


def keys() -> dict[str, bytes]:
    """Name -> key; the first one signs. A name says nothing of its key."""
    found = [_derived(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return {key_name(key): key for key in found}


@lru_cache(maxsize=8)
def key_name(key: bytes) -> str:
    return hashlib.sha256(b"name of " + key).hexdigest()[:16]


def sign(text: str, key: bytes | None = None) -> str:
    """64 hex digits; with the signing key where none is given."""
    return hmac.digest(key or _derived(settings.SECRET_KEY), text.encode("utf-8", "surrogatepass"), "sha256").hex()


def sign_row(names: Iterable[str], row: Mapping[str, Any]) -> str:
    return sign(_row_text(names, row))


def is_signed(names: Iterable[str], row: Mapping[str, Any], signature: str) -> bool:
    """Whether any of this site's keys made this signature of the row."""
    text = _row_text(names, row)
    return any(hmac.compare_digest(sign(text, key), signature) for key in keys().values())


def _row_text(names: Iterable[str], row: Mapping[str, Any]) -> str:
    """Each value with its length before it, so that no two rows have the same text."""
    return "".join([_value_text(row[name]) for name in names])


def _value_text(value: Any) -> str:
    kind = type(value)
    if kind is int:
        text = str(value)
    elif kind is str:
        text = value
    elif value is None:
        return "~"
    else:
        text = _TEXTS[kind](value)
    return f"{len(text)}:{text}"


_TEXTS: dict[type, Any] = {
    bool: lambda value: "1" if value else "0",
    UUID: lambda value: value.hex,
    Decimal: lambda value: str(to_pico(value)),
    date: date.isoformat,
    datetime: lambda value: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
}
