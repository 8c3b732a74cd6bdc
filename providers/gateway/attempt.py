"""One upstream call: reserved before it starts, booked whatever happens, its outcome told to the breaker."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

from providers import ledger
from providers.configuration import current
from providers.exceptions import (
    AIServiceError,
    BudgetExceeded,
    OutboundRefused,
    UpstreamError,
    UpstreamUnavailable,
)
from providers.gateway.asked import Asked
from providers.gateway.perform import MaskedCalls, masked, perform
from providers.gateway.prepare import LEASE_MARGIN_S, Prepared, prepare, reserve
from providers.gateway.rows import Outcome, failed_attempt, good_attempt, response_of
from providers.rates.pacing import wait_for_turn
from providers.resilience import breaker, retry
from providers.runtime import clock
from providers.runtime.hop import hop
from providers.runtime.uncut import cancel_later, in_hand, uncut
from providers.types import AIResponse, Meter

__all__ = ["LEASE_MARGIN_S", "Again", "attempt"]

logger = logging.getLogger(__name__)
# Statuses with which an upstream refuses before it works: nothing was produced, nothing is billed.
REFUSED_UNBILLED = range(400, 600)


class Again(Exception):
    """The attempt failed and is booked; another may be made after so many seconds."""

    def __init__(self, failure: UpstreamError, seconds: float) -> None:
        super().__init__(failure.message)
        self.failure, self.seconds = failure, seconds


async def attempt(asked: Asked, repeat: int) -> AIResponse:
    """Attempt number `repeat` (0 is the first). Errors: Again, or the error that stands."""
    try:
        prepared = await _prepared(asked)
    except BudgetExceeded as error:
        await ledger.count_refusal(asked.purpose.user_id, asked.purpose.operation, error.code)
        raise
    asked.begin(prepared.timeout_s)
    lent = asked.lent()
    try:
        if per_minute := prepared.config.requests_per_minute.get(asked.provider):
            await wait_for_turn(asked.provider, per_minute, prepared.timeout_s)
        reservation = lent
        if reservation is None:
            admission = await reserve(asked.prompt, asked.provider, asked.purpose, prepared, repeat)
            reservation = admission.reservation
            if admission.warning:
                prepared = replace(prepared, warning=admission.warning)
    except BaseException:
        if prepared.probe:
            await uncut(hop(breaker.give_back, asked.breaker, asked.prompt.model, prepared.probe))
        raise
    try:
        asked.ready()
        return await _performed(asked, prepared, reservation, repeat)
    except BaseException:
        if lent is None:  # closed already where a row was written; then this does nothing
            await uncut(ledger.release(reservation))
        raise


async def _prepared(asked: Asked) -> Prepared:
    """What is saved now, and what follows from it; a breaker that isn't closed is asked in the database."""
    now = asked.take_current() or await current.fresh()
    given = (asked.prompt, asked.provider, asked.left_s(), asked.connection, now)
    if not now.rests(asked.breaker, asked.prompt.model):
        return prepare(*given)
    return await in_hand(hop(prepare, *given))  # it may be the one probe, which must be made or given back


async def _performed(asked: Asked, prepared: Prepared, reservation: str, repeat: int) -> AIResponse:
    """The wire call, and its usage row whatever happens."""
    calls = MaskedCalls(asked.show_call, prepared.redactor)
    meter = Meter(masked(asked.show, prepared.redactor), calls.show) if asked.on_text else Meter()
    booking = _Booking(asked, prepared, reservation, repeat, meter)
    try:
        reply = await perform(asked.prompt, prepared, meter, keep_raw=asked.purpose.keep_raw)
    except asyncio.CancelledError as error:
        await booking.failed(error, code="cancelled", words="The call was cancelled.")
        raise
    except AIServiceError as error:
        error.restate(prepared.redactor.whole(error.message))
        pause = next_pause(asked, repeat, error, prepared.config.retry_policy, sent=meter.sent)
        await booking.failed(error, code=error.code, words=error.message, again=pause is not None)
        if pause is not None and isinstance(error, UpstreamError):
            raise Again(error, pause) from error
        raise
    if asked.on_text is not None and (rest := prepared.redactor.flush()):
        asked.show(rest)
    calls.flush()
    row = good_attempt(asked.prompt, asked.purpose, prepared, meter, reply)
    try:
        row = await booking.book(row, None)
    except asyncio.CancelledError:  # too late: it is booked, and whoever asked should have what was paid
        row = booking.row or row
        cancel_later()
    return response_of(row, reply, prepared, asked.bill, keep_raw=asked.purpose.keep_raw)


def next_pause(
    asked: Asked, repeat: int, error: AIServiceError, policy: retry.RetryPolicy, *, sent: bool
) -> float | None:
    """Seconds before the next attempt; None: the error stands. Nothing is begun that can't end in time."""
    if not retry.may_repeat(error, shown=asked.shown, sent=sent):
        return None
    pause, left = retry.pause_s(policy, repeat, error, clock.chance()), asked.left_s()
    return None if pause is None or (left is not None and pause >= left) else pause


def outcome_of(error: BaseException, meter: Meter) -> Outcome:
    """What is known of an upstream call that failed."""
    if not meter.sent or isinstance(error, OutboundRefused):
        return "unbilled"
    if isinstance(error, UpstreamError) and error.upstream_status in REFUSED_UNBILLED:
        return "unbilled"
    lost = isinstance(error, UpstreamUnavailable) and retry.unknown_outcome(error, sent=True)
    return "unknown" if lost and not meter.written and meter.usage is None else "interrupted"


class _Booking:
    """Writes the row of one attempt, and what it says of its provider, in one transaction."""

    def __init__(self, asked: Asked, prepared: Prepared, reservation: str, repeat: int, meter: Meter) -> None:
        self._asked, self._prepared, self._reservation = asked, prepared, reservation
        self._repeat, self._meter = repeat, meter
        self._lent = reservation == asked.purpose.reservation
        self.row: ledger.Attempt | None = None

    async def failed(
        self,
        error: BaseException,
        *,
        code: str,
        words: str,
        again: bool = False,
    ) -> None:
        """`again`: another attempt follows; whoever finds this row alone knows that one was on its way."""
        asked, prepared, meter = self._asked, self._prepared, self._meter
        outcome = outcome_of(error, meter)
        row = failed_attempt(asked.prompt, asked.purpose, prepared, meter, code=code, words=words, outcome=outcome)
        if again:
            row = replace(row, metadata={**row.metadata, "retried": True})
        row = await self.book(row, error)
        level = logging.INFO if code == "cancelled" else logging.WARNING
        call = (asked.provider, asked.prompt.model, self._repeat + 1, code, row.id)
        logger.log(level, "a call of %s (%s, attempt %d) failed: %s; its row is %s", *call)
        if isinstance(error, AIServiceError):
            error.log_id = str(row.id)
            error.usage_note = asked.bill.figures()

    async def book(self, row: ledger.Attempt, error: BaseException | None) -> ledger.Attempt:
        """A reservation of this call alone ends with it, a caller's goes on."""
        if self._repeat or self._asked.used_fallback:
            row = replace(row, retry_count=self._repeat, used_fallback=self._asked.used_fallback)
        self.row = row
        self._asked.bill.add(row)
        verdict = self._verdict(error)
        await ledger.record(
            row,
            self._reservation,
            close=not self._lent,
            also=lambda database: breaker.feed(database, verdict, clock.now()),
        )
        return row

    def _verdict(self, error: BaseException | None) -> breaker.Verdict:
        wait = getattr(error, "retry_after", None)
        words = error.message if isinstance(error, AIServiceError) else ""
        return breaker.Verdict(
            provider=self._asked.breaker,
            model=self._asked.prompt.model,
            kind=breaker.kind_of(error),
            started=self._prepared.begun,
            threshold=breaker.threshold_for(error, self._prepared.config),
            probe=self._prepared.probe,
            detail=words,
            not_before=clock.now() + timedelta(seconds=wait) if wait else None,
        )
