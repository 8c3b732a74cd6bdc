"""Idempotency-Key, as Stripe has it: the first request with a key is carried out, its answer is kept for a day.

The same key with the same body gets the kept answer; with another body it is refused; while the first one is
still under way it is a 409 to be repeated. Nothing is kept of a request that was refused before it began.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from providers.exceptions import AIServiceError, InvalidInput
from providers.models import IdempotentRequest

KEPT_FOR = timedelta(hours=24)
LOOK_S = 0.05
MOST_CHARS = 255


class StillUnderWay(AIServiceError):
    """`resource`: what the request under way has made so far, "" where nothing yet."""

    http_status = 409
    type = "idempotency_error"
    code = "idempotency_key_in_use"
    retryable = True
    resource = ""


class KeyReused(AIServiceError):
    http_status = 400
    type = "idempotency_error"
    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Claim:
    """`answered`: this is a repeat, `status` and `body` are the kept answer. Else go on, and `finish` or `forget`.

    `resource`: what an earlier try, whose process died, had already made.
    """

    id: int
    answered: bool = False
    status: int = 0
    body: Mapping[str, Any] | None = None
    resource: str = ""


def proper(key: str) -> str:
    """The key as it was sent. Errors: InvalidInput for one that is none."""
    if not 0 < len(key) <= MOST_CHARS or not key.isascii() or not key.isprintable():
        raise InvalidInput(
            f"Idempotency-Key is 1 to {MOST_CHARS} printable ASCII characters.", param="Idempotency-Key"
        )
    return key


def fingerprint(body: bytes | Mapping[str, Any]) -> str:
    """What makes two bodies the same."""
    data = body if isinstance(body, bytes) else json.dumps(body, sort_keys=True, default=str).encode()
    return hashlib.sha256(data).hexdigest()


def begin(user_id: int, endpoint: str, key: str, body: str, *, hold_s: float, wait_s: float = 0.0) -> Claim:
    """Claims the key for this request. `body` is its fingerprint; `hold_s` is as long as it may take.

    `wait_s`: how long to wait for a request under way before giving up. Sync.
    Errors: StillUnderWay (409), KeyReused (400).
    """
    until = time.monotonic() + wait_s
    IdempotentRequest.objects.filter(user_id=user_id, created_at__lt=timezone.now() - KEPT_FOR).delete()
    while True:
        claim = _claimed(user_id, endpoint, proper(key), body, hold_s)
        if claim is not None:
            return claim
        if time.monotonic() >= until:
            raise _under_way(user_id, endpoint, key)
        time.sleep(LOOK_S)


def _under_way(user_id: int, endpoint: str, key: str) -> StillUnderWay:
    error = StillUnderWay("The request with this Idempotency-Key is still under way.", retry_after=1)
    row = IdempotentRequest.objects.filter(user_id=user_id, endpoint=endpoint, key=key).first()
    error.resource = row.resource if row else ""
    return error


def _claimed(user_id: int, endpoint: str, key: str, body: str, hold_s: float) -> Claim | None:
    """None while another request has the key."""
    now = timezone.now()
    held_until = now + timedelta(seconds=hold_s)
    try:
        with transaction.atomic():
            row = IdempotentRequest.objects.create(
                user_id=user_id,
                endpoint=endpoint,
                key=key,
                fingerprint=body,
                held_until=held_until,
                created_at=now,
            )
            return Claim(row.pk)
    except IntegrityError:
        row = IdempotentRequest.objects.filter(user_id=user_id, endpoint=endpoint, key=key).first()
    if row is None:
        return None  # it was forgotten just now: look again
    if row.fingerprint != body:
        raise KeyReused("This Idempotency-Key was used with another body. Use a new key for a new request.")
    if row.status is not None:
        return Claim(row.pk, True, row.status, row.body, row.resource)
    over = IdempotentRequest.objects.filter(pk=row.pk, status=None, held_until__lt=now)
    return Claim(row.pk, resource=row.resource) if over.update(held_until=held_until) else None


def kept(user_id: int, endpoint: str, key: str) -> Claim | None:
    """The answer that was kept for that key; None where there is none. Claims nothing."""
    row = IdempotentRequest.objects.filter(user_id=user_id, endpoint=endpoint, key=key).first()
    if row is None or row.status is None:
        return None
    return Claim(row.pk, True, row.status, row.body, row.resource)


def made(claim: Claim, resource: str) -> None:
    """Notes what the request has made, so that a repeat after a crash finds it instead of making another."""
    IdempotentRequest.objects.filter(pk=claim.id).update(resource=resource)


def finish(claim: Claim, status: int, body: Mapping[str, Any]) -> None:
    """Keeps the answer. Call it in the transaction that does the work, where there is one."""
    IdempotentRequest.objects.filter(pk=claim.id).update(status=status, body=dict(body))


def forget(claim: Claim) -> None:
    """Nothing was done: the key is free again."""
    IdempotentRequest.objects.filter(pk=claim.id, status=None).delete()
