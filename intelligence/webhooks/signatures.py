"""Who sent a webhook: each source's own way to sign the raw body. Pure.

github      X-Hub-Signature-256: sha256=HMAC-SHA256, hex
bitbucket   X-Hub-Signature: the same
gitlab      X-Gitlab-Token: the secret itself
vercel      x-vercel-signature: HMAC-SHA1, hex
render      Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature
generic     the same
alertmanager  Authorization: Bearer and the secret
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)
SOURCES = ("github", "gitlab", "bitbucket", "vercel", "render", "alertmanager", "generic")


class Refused(Exception):
    """`code` is counted, the text is answered."""

    def __init__(self, code: str, sentence: str, status: int = 401) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.status = code, sentence, status


def verify(source: str, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Returns where one of `secrets` signed it. `headers` has lower-case names. Errors: Refused."""
    given = headers.get(HEADERS[source], "")
    if not given:
        raise Refused("unsigned", f"This webhook is not signed: the header {HEADERS[source]} is missing.")
    if source in ("render", "generic"):
        fresh(headers, now)
    secrets = [secret for secret in secrets if secret]
    if not secrets:
        raise Refused("no_secret", "No webhook secret is set, for this service or for the site.")
    if not any(CHECKS[source](headers, given, body, secret) for secret in secrets):
        raise Refused("wrong_signature", "The webhook's signature does not fit its body and our secret.")


def fresh(headers: Mapping[str, str], now: datetime) -> None:
    """Errors: Refused for a timestamp that is missing, or further away than WINDOW."""
    try:
        away = abs(now.timestamp() - int(headers.get("webhook-timestamp", "")))
    except ValueError:
        raise Refused("unsigned", "The header webhook-timestamp must be seconds since 1970.") from None
    if away > WINDOW.total_seconds():
        raise Refused("stale", "The webhook's timestamp is more than 5 minutes away from our clock.")
    if not headers.get("webhook-id"):
        raise Refused("unsigned", "The header webhook-id is missing.")


def same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def _github(headers: Mapping[str, str], given: str, body: bytes, secret: str) -> bool:
    return same(given, "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest())


def _token(headers: Mapping[str, str], given: str, body: bytes, secret: str) -> bool:
    return same(given.removeprefix("Bearer "), secret)


def _vercel(headers: Mapping[str, str], given: str, body: bytes, secret: str) -> bool:
    return same(given, hmac.new(secret.encode(), body, hashlib.sha1).hexdigest())


def _standard(headers: Mapping[str, str], given: str, body: bytes, secret: str) -> bool:
    head = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()
    made = base64.b64encode(hmac.new(key_of(secret), head + body, hashlib.sha256).digest()).decode()
    return any(same(one, f"v1,{made}") for one in given.split(" ")[:10])


def key_of(secret: str) -> bytes:
    """`whsec_` and base64, as Standard Webhooks writes it; any other secret is its own bytes."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return secret.encode()


HEADERS: Mapping[str, str] = {
    "github": "x-hub-signature-256",
    "bitbucket": "x-hub-signature",
    "gitlab": "x-gitlab-token",
    "vercel": "x-vercel-signature",
    "render": "webhook-signature",
    "generic": "webhook-signature",
    "alertmanager": "authorization",
}
CHECKS: Mapping[str, Callable[[Mapping[str, str], str, bytes, str], bool]] = {
    "github": _github,
    "bitbucket": _github,
    "gitlab": _token,
    "alertmanager": _token,
    "vercel": _vercel,
    "render": _standard,
    "generic": _standard,
}
