"""A webhook, signed in the way of Standard Webhooks, through the guarded client.

`webhook-signature: v1,base64(HMAC-SHA256(secret, "id.timestamp.body"))`; the secret is `whsec_` and base64. The id
is that of the delivery and stays the same over its attempts, so a receiver can drop what it has had already.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from providers.exceptions import AIServiceError, UpstreamTimeout, UpstreamUnavailable
from providers.network import outbound
from providers.network.transport import FAULTS

PREFIX, SEND_SECONDS = "whsec_", 10.0


class NotDelivered(AIServiceError):
    """The receiver said no; the text is for an admin and holds no secret."""

    http_status = 502
    code = "not_delivered"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that sign. Errors: ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("not a secret of 24 to 64 bytes")
    return key


def sign(secret: str, key: str, stamp: int, body: bytes) -> str:
    digest = hmac.digest(key_of(secret), f"{key}.{stamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


async def send(url: str, secret: str, key: str, event: dict[str, Any]) -> None:
    """Errors: OutboundRefused, UpstreamTimeout, UpstreamUnavailable, NotDelivered (any answer but 2xx)."""
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    stamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, key, stamp, body),
    }
    up = outbound.upstream(url)
    try:
        async with asyncio.timeout(SEND_SECONDS):
            answer = await up.send("POST", url, headers=headers, body=body)
            status = answer.status_code
            answer.close()
    except TimeoutError:
        raise UpstreamTimeout(f"{up.origin.netloc} did not answer in {SEND_SECONDS:.0f} s.") from None
    except FAULTS as fault:
        raise UpstreamUnavailable(f"{up.origin.netloc} can't be reached ({type(fault).__name__}).") from None
    if not 200 <= status < 300:
        raise NotDelivered(f"{up.origin.netloc} answered {status}.")
