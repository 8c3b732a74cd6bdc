"""The one door to a model: prepare, perform, record.

Nothing in the product talks to a provider in another way, so caps, ledger, redaction and time-outs hold
everywhere. `prepare` and `record` touch the database, one hop each; `perform` touches only the wire.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from providers import ledger
from providers.exceptions import AIServiceError, UpstreamError
from providers.gateway.perform import masked, perform
from providers.gateway.prepare import Prepared, prepare, reserve
from providers.gateway.rows import failed_attempt, good_attempt, note_of, response_of
from providers.hop import hop
from providers.types import AIResponse, Meter, Prompt, Purpose

__all__ = ["ask"]

# Statuses with which an upstream refuses before it works: nothing was produced, nothing is billed.
REFUSED_UNBILLED = range(400, 600)


async def ask(
    prompt: Prompt,
    provider: str,
    purpose: Purpose,
    *,
    on_text: Callable[[str], None] | None = None,
    on_ready: Callable[[], None] | None = None,
    timeout_s: float | None = None,
) -> AIResponse:
    """One question to one model. With `on_text` the answer is streamed through it, keys masked.

    `on_ready` is called once the call may start (cap reserved): errors before it cost nothing.
    Errors: the tree of `providers.exceptions`; those of a call that was made carry `log_id` and `usage_note`.
    A cancelled caller cancels the upstream call; what was produced until then is booked.
    """
    prepared = await hop(prepare, prompt, provider, timeout_s)
    if purpose.reservation:
        reservation = purpose.reservation
    else:
        admission = await reserve(prompt, provider, purpose, prepared)
        reservation = admission.reservation
        prepared = replace(prepared, warning=admission.warning or prepared.warning)
    try:
        if on_ready is not None:
            on_ready()
        return await perform_and_record(prompt, purpose, prepared, reservation, on_text)
    except BaseException:
        if purpose.reservation is None:  # closed already where a row was written; then this does nothing
            await _even_if_cancelled(ledger.release(reservation))
        raise


async def perform_and_record(
    prompt: Prompt,
    purpose: Purpose,
    prepared: Prepared,
    reservation: str,
    on_text: Callable[[str], None] | None,
) -> AIResponse:
    """The wire call, and its usage row whatever happens."""
    meter = Meter(on_text=masked(on_text, prepared.redactor) if on_text else None)
    try:
        reply = await perform(prompt, prepared, meter)
    except asyncio.CancelledError:
        attempt = failed_attempt(
            prompt, purpose, prepared, meter, code="cancelled", words="The call was cancelled."
        )
        await book(attempt, purpose, reservation)
        raise
    except AIServiceError as error:
        error.message = prepared.redactor.whole(error.message)
        refused = isinstance(error, UpstreamError) and error.upstream_status in REFUSED_UNBILLED
        attempt = failed_attempt(
            prompt, purpose, prepared, meter, code=error.code, words=error.message, unbilled=refused
        )
        await book(attempt, purpose, reservation)
        error.log_id = str(attempt.id)
        error.usage_note = note_of(attempt)
        raise
    if on_text is not None and (rest := prepared.redactor.flush()):
        on_text(rest)
    attempt = good_attempt(prompt, purpose, prepared, meter, reply)
    await book(attempt, purpose, reservation)
    return response_of(attempt, reply, prepared)


async def book(attempt: ledger.Attempt, purpose: Purpose, reservation: str) -> None:
    """One row; a reservation of this call alone ends with it, a session's goes on."""
    await _even_if_cancelled(ledger.record(attempt, reservation, close=purpose.reservation is None))


async def _even_if_cancelled(work: object) -> object:
    """Money is written even while the caller is being cancelled; the cancellation goes on afterwards."""
    task = asyncio.ensure_future(work)  # type: ignore[arg-type]
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.result()
        raise
