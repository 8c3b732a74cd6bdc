"""Turns what can go wrong on a call into the error tree, with sentences that never hold the key."""

import base64
import json
import math
import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from providers.exceptions import (
    AIServiceError,
    CreditExhausted,
    KeyRefused,
    OutboundRefused,
    UpstreamBroken,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)

MASK = "••••••••"
MAX_WORDS = 300
MAX_RETRY_AFTER_S = 600.0
# As many characters of a key in a row are masked; fewer say nothing about it, unless they stand beside stars or
# dots in place of the rest: upstreams echo a refused key as sk-ab***wxyz.
TELLING_RUN = 8
_SHORTENED = re.compile(r"([\w-]*)(?:\*{2,}|•{2,}|\.{2,}|…)([\w-]*)")

_UNOFFICIAL = {498: "Flex Capacity Exceeded", 520: "Unknown Error", 529: "Overloaded"}
_KEY_WORDS = re.compile(r"(incorrect|invalid) api[ _-]?key|api[ _-]?key (is )?(not valid|invalid)", re.IGNORECASE)

# Google's reason, Cloudflare's code for a token of the wrong form: both come with status 400.
_REFUSED_KEY = re.compile(r'"API_KEY_INVALID"|"code"\s*:\s*6111\b')
_RETRY_DELAY = re.compile(r'"retryDelay"\s*:\s*"(\d{1,9}(?:\.\d{1,9})?)s"')  # Google's RetryInfo
# No money, no quota until tomorrow (Cloudflare's 3036): a 429 that waiting doesn't cure.
_NO_MONEY = re.compile(r'insufficient_quota|enforced_spend_limit_reached|"code"\s*:\s*3036\b')


def mask_key(text: str, key: str) -> str:
    """The text with every run of it that also stands in the key (or the key's usual encodings) masked."""
    if not key:
        return text
    raw = key.encode()
    forms = (key, quote(key, safe=""), base64.b64encode(raw).decode().rstrip("="), json.dumps(key)[1:-1])
    run = min(TELLING_RUN, len(key))
    hidden = [False] * len(text)
    for at in range(len(text) - run + 1):
        piece = text[at : at + run]
        if any(piece in form for form in forms):
            hidden[at : at + run] = [True] * run
    text = re.sub("\0+", MASK, "".join("\0" if hide else char for char, hide in zip(text, hidden, strict=True)))
    return _SHORTENED.sub(lambda found: MASK if _shortens(found, key) else found[0], text)


def _shortens(found: re.Match[str], key: str) -> bool:
    """Whether that is the key with its middle left out: `sk-ab***wxyz`."""
    start, end = found.groups()
    return bool(start or end) and key.startswith(start) and key.endswith(end)


def upstream_words(body: str) -> str:
    """The sentence in an upstream's error body, whatever its shape; empty for HTML and for nothing.

    Tried in this order: error.message, error as text, message, detail, errors[0].message, the plain body.
    """
    try:
        found = _message_in(json.loads(body))
    except (ValueError, RecursionError):
        found = "" if "<" in body[:200] else body
    words = "".join(char if char.isprintable() else " " for char in found[: MAX_WORDS * 4])
    words = " ".join(words.split())
    return words if len(words) <= MAX_WORDS else words[: MAX_WORDS - 1] + "…"


def _message_in(data: Any) -> str:
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return _message_in(data[0]) if data else ""
    if not isinstance(data, dict):
        return ""
    for name in ("error", "message", "msg", "detail", "errors", "title"):
        found = _message_in(data.get(name))
        if found:
            return found
    return ""


def retry_after_seconds(headers: Any, now: float) -> float | None:
    """How long the upstream asks to wait (`retry-after-ms`, or `retry-after` as seconds or a date),
    within 0 and `MAX_RETRY_AFTER_S`; `now` is the time in seconds since the epoch."""
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        seconds /= 1000
    else:
        seconds = _number(headers.get("retry-after"))
    if seconds is None and headers.get("retry-after"):
        try:
            seconds = parsedate_to_datetime(headers["retry-after"]).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def status_fault(provider: str, key: str, status: int, headers: Any, body: str, now: float) -> UpstreamError:
    """The error for an answer that is no success (status 300 and above)."""
    words = mask_key(upstream_words(body), key)
    sentence = f"Provider {provider} failed: {status} {_reason(status)}."
    if 300 <= status < 400:
        words = "It redirects to another address, which is not followed: save the final base URL."
    kind = KeyRefused if _REFUSED_KEY.search(body) else _kind(status, words)
    wait = retry_after_seconds(headers, now)
    if wait is None and (asked := _RETRY_DELAY.search(body)):
        wait = min(float(asked[1]), MAX_RETRY_AFTER_S)
    if status == 429 and _NO_MONEY.search(body):
        kind = CreditExhausted
    fault = kind(
        f"{sentence} {words}".strip(),
        provider=provider,
        upstream_status=status,
        retry_after=wait if kind is not KeyRefused else None,
    )
    if headers.get("x-should-retry") == "false":
        fault.retryable = False
    return fault


def _kind(status: int, words: str) -> type[UpstreamError]:
    if status in (401, 403) or (status == 400 and _KEY_WORDS.search(words)):
        return KeyRefused
    if status == 402:
        return CreditExhausted
    if status == 429:
        return UpstreamRateLimited
    if status == 408:
        return UpstreamTimeout
    if status in (409, 498) or status >= 500:
        return UpstreamUnavailable
    return UpstreamRejected if status >= 400 else UpstreamBroken


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return _UNOFFICIAL.get(status, "Error")


def stream_fault(provider: str, key: str, event: Any) -> UpstreamError:
    """The error for an error event inside a stream that began with status 200."""
    error = event.get("error", event) if isinstance(event, dict) else event
    words = mask_key(upstream_words(json.dumps(event)), key) or "no reason given"
    code = error.get("code") if isinstance(error, dict) else None
    kind = str(error.get("type", "")) if isinstance(error, dict) else ""
    sentence = f"Provider {provider} failed in the middle of its answer: {words}"
    limits = ("rate_limit_error", "service_tier_capacity_exceeded")
    if code in (429, "429", "rate_limit_exceeded") or kind in limits:
        return UpstreamRateLimited(sentence, provider=provider, upstream_status=200)
    if kind in ("overloaded_error", "api_error", "timeout_error", "server_error") or code in (
        500,
        502,
        503,
        529,
    ):
        return UpstreamUnavailable(sentence, provider=provider, upstream_status=200)
    return UpstreamBroken(sentence, provider=provider, upstream_status=200)


def chain(fault: BaseException) -> list[BaseException]:
    """The exception and what caused it, outermost first."""
    found: list[BaseException] = []
    step: BaseException | None = fault
    while step is not None and step not in found:
        found.append(step)
        step = step.__cause__ or step.__context__
    return found


def connection_fault(provider: str, fault: Exception) -> tuple[UpstreamError, bool]:
    """The error for a call that got no whole answer, and whether the upstream may have the request.

    The clients misname such errors (a refused connection comes out as a time-out), so what aiohttp
    raised underneath decides.
    """
    import aiohttp

    causes = chain(fault)
    own = next((one for one in causes if isinstance(one, AIServiceError)), None)
    if own is not None:
        return _in_its_name(provider, own), not isinstance(own, OutboundRefused)
    name = f"Provider {provider} failed:"
    for cause in causes:
        if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            return UpstreamUnavailable(f"{name} its TLS certificate is not trusted.", provider=provider), False
        if isinstance(cause, aiohttp.ClientConnectorDNSError):
            return UpstreamUnavailable(f"{name} its host name can't be found.", provider=provider), False
        if isinstance(cause, aiohttp.ClientConnectorError):
            return UpstreamUnavailable(f"{name} no connection could be made.", provider=provider), False
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return UpstreamTimeout(f"{name} no connection in time.", provider=provider), False
        if isinstance(cause, aiohttp.SocketTimeoutError):
            return UpstreamTimeout(f"{name} it stopped answering.", provider=provider), True
        if isinstance(cause, aiohttp.ClientPayloadError):
            return UpstreamBroken(f"{name} its answer was cut off in the middle.", provider=provider), True
        if isinstance(cause, aiohttp.ClientResponseError):
            return UpstreamBroken(f"{name} its answer is not valid HTTP.", provider=provider), True
    return UpstreamUnavailable(f"{name} the connection was lost before an answer.", provider=provider), True


def _in_its_name(provider: str, own: AIServiceError) -> UpstreamError:
    """Our own refusal, with the provider named."""
    if isinstance(own, UpstreamError) and own.provider:
        return own
    kind = type(own) if isinstance(own, UpstreamError) else UpstreamBroken
    return kind(
        f"Provider {provider} failed: {_continued(own.message)}", provider=provider, retry_after=own.retry_after
    )


def _continued(sentence: str) -> str:
    """A sentence that goes on after a colon."""
    return sentence.replace("Its ", "its ", 1) if sentence.startswith("Its ") else sentence
