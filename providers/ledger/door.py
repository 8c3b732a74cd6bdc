"""The calls of the ledger: plain arguments in, one job for the writer each."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from providers.fields import to_pico
from providers.ledger import writer
from providers.ledger.answers import answered
from providers.ledger.attempt import Attempt, booked
from providers.ledger.database import Database, as_uuid
from providers.ledger.jobs import Admission, Extend, Reap, Record, Release, Reserve
from providers.ledger.refusal import Refused
from providers.models.ledger import Reservation
from providers.runtime.uncut import uncut

MOST_TOKENS = 10**15  # beyond any cap, and far from the end of a column
MOST_USD = Decimal(1_000_000)
REAP_AT_ONCE = 500
KEEP_CLOSED = timedelta(days=2)


async def reserve(**of: Any) -> str:
    """`admit`, for a caller that wants the reservation's id alone."""
    return (await admit(**of)).reservation


async def admit(
    *,
    user_id: int,
    operation: str,
    session_id: str,
    tokens: int,
    usd: Decimal,
    lease_s: float,
    attempt: dict[str, Any] | None = None,
    now: datetime | None = None,
) -> Admission:
    """Holds the worst case of a call or a deliberation against the user's caps and the site's limits (UTC).

    `attempt` ({"provider", "model", optionally "id", "input_tokens", "retry_count", "prompt_hash"}) stands for
    one call: if its process dies, the reaper books it as `unknown` at the reserved amount.
    Errors: BudgetExceeded (never shrunk to fit), AIDisabled, LedgerUnavailable, NotFound (user).
    """
    if tokens < 0 or usd < 0 or lease_s <= 0:
        raise ValueError("A reservation needs tokens and dollars of at least 0, and a lease.")
    now = now or datetime.now(UTC)
    job = Reserve(
        reservation=uuid4(),
        user_id=user_id,
        operation=operation[:60],
        session_id=session_id[:64],
        tokens=min(tokens, MOST_TOKENS),
        usd=to_pico(min(usd, MOST_USD)),
        now=now,
        expires_at=now + timedelta(seconds=lease_s),
        attempt=None if attempt is None else json.dumps(attempt, default=str),
    )
    try:
        return await _done(job)
    except asyncio.CancelledError:
        # Its caller is gone and nothing was called, so it must not be charged as a lost call.
        writer.submit(Release(job.reservation, now, user_id))
        raise


async def count_refusal(user_id: int, operation: str, code: str, *, now: datetime | None = None) -> None:
    """For who refuses before anything is reserved. A refusal of `admit` is counted already."""
    await _done(Refused(user_id, code, operation, now or datetime.now(UTC)))


async def record(
    attempt: Attempt,
    reservation: str,
    *,
    then: dict[str, Any] | None = None,
    close: bool = False,
    also: Callable[[Database], None] | None = None,
    now: datetime | None = None,
) -> str:
    """Books the call and settles it: used goes up by the true figure, reserved down by what was drawn for it.

    In one transaction, once per `attempt.id`. The rest stays reserved, or is freed with `close`. A reservation
    that ran out takes nothing away from the row: its spend is then simply added. `then`: what is called next
    under the same reservation, as in `reserve`. `also` writes more in the same transaction. Returns the row's id.
    Written even if the caller is cancelled, who hears of the cancellation once it is.
    """
    draft = None if then is None else json.dumps(then, default=str)
    now = now or datetime.now(UTC)
    return await _surely(Record(booked(attempt), as_uuid(reservation), now, draft, close, also))


async def release(reservation: str, *, now: datetime | None = None) -> None:
    """Closes the reservation and frees the rest. Again does nothing."""
    if key := as_uuid(reservation):
        await _done(Release(key, now or datetime.now(UTC)))


async def extend(reservation: str, lease_s: float, *, now: datetime | None = None) -> bool:
    """Moves the end of the lease (the heartbeat of a long deliberation). False: it is closed already."""
    key = as_uuid(reservation)
    ends = (now or datetime.now(UTC)) + timedelta(seconds=lease_s)
    return bool(key and await _done(Extend(key, ends)))


def reap(now: datetime | None = None) -> int:
    """Frees reservations whose lease ran out; the number freed. Sync, for tasks and commands.

    A call in flight (`attempt`) gets an `unknown` row charged at what was still reserved, code `lost`.
    Closed reservations are forgotten after two days: no call ends later than that.
    """
    now = now or datetime.now(UTC)
    overdue = Reservation.objects.filter(closed_at=None, expires_at__lte=now).order_by("expires_at")
    waiting = [writer.submit(Reap(key, now)) for key in overdue.values_list("id", flat=True)[:REAP_AT_ONCE]]
    freed = sum(future.result() for future in waiting)
    old = Reservation.objects.filter(closed_at__lt=now - KEEP_CLOSED).values_list("id", flat=True)
    if forgotten := list(old[:REAP_AT_ONCE]):
        Reservation.objects.filter(id__in=forgotten).delete()
    return freed


async def _done(job: writer.Job) -> Any:
    """Waits for the commit. A cancelled waiter doesn't take the job back: it is written all the same."""
    return await answered(writer.submit(job))


async def _surely(job: writer.Job) -> Any:
    """The same, but a cancelled waiter goes only after the commit. Errors: those of the write before all."""
    future = writer.submit(job)
    try:
        return await answered(future)
    except asyncio.CancelledError:
        await uncut(answered(future))
        raise
