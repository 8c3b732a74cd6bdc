"""The one door to a model: prepare, perform, record.

Nothing in the product talks to a provider in another way, so caps, ledger, redaction and time-outs hold
everywhere. `prepare` and `record` touch the database, one hop each; `perform` touches only the wire.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID, uuid4

from providers import ledger, pricing
from providers.directory import Directory
from providers.exceptions import AIServiceError, OutboundRefused, UpstreamBroken, UpstreamError, UpstreamTimeout
from providers.fields import Unreadable
from providers.guard import Redactor
from providers.hop import hop
from providers.types import AIResponse, Connection, Meter, Prompt, Purpose, Reply, Usage, UsageSource
from providers.wires import wire_for

logger = logging.getLogger(__name__)
LEASE_MARGIN_S = 60.0
# Statuses with which an upstream refuses before it works: nothing was produced, nothing is billed.
REFUSED_UNBILLED = range(400, 600)


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a call needs, read in one hop."""

    connection: Connection
    redactor: Redactor
    input_bound: int
    worst_usd: Decimal
    attempt_id: UUID = field(default_factory=uuid4)

    @property
    def timeout_s(self) -> float:
        return self.connection.timeout_s


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
    reservation = purpose.reservation or await reserve(prompt, provider, purpose, prepared)
    try:
        if on_ready is not None:
            on_ready()
        return await perform_and_record(prompt, purpose, prepared, reservation, on_text)
    except BaseException:
        if purpose.reservation is None:  # closed already where a row was written; then this does nothing
            await _even_if_cancelled(ledger.release(reservation))
        raise


def prepare(prompt: Prompt, provider: str, timeout_s: float | None) -> Prepared:
    """Key, price and bounds. Errors: NotConfigured, PriceUnknown."""
    directory = Directory()
    connection = directory.connection(provider)
    connection = replace(connection, timeout_s=min(timeout_s or connection.timeout_s, connection.timeout_s))
    bound = pricing.bound_tokens(words_of(prompt)) + 8 * (len(prompt.messages) + 1)
    worst = pricing.worst_case(
        provider, prompt.model, input_tokens=bound, max_output_tokens=prompt.max_output_tokens
    )
    return Prepared(connection, Redactor(keys_of(directory)), bound, worst)


def keys_of(directory: Directory) -> list[str]:
    """Every readable key of the site: an answer must show none of them, whoever is asked."""
    keys = [directory.key(entry.row) for entry in directory.entries.values()]
    return [key for key in keys if key and not isinstance(key, Unreadable)]


async def reserve(prompt: Prompt, provider: str, purpose: Purpose, prepared: Prepared) -> str:
    return await ledger.reserve(
        user_id=purpose.user_id,
        operation=purpose.operation,
        session_id=purpose.session_id,
        tokens=prepared.input_bound + prompt.max_output_tokens,
        usd=prepared.worst_usd,
        lease_s=prepared.timeout_s + LEASE_MARGIN_S,
        attempt={
            "id": str(prepared.attempt_id),
            "provider": provider,
            "model": prompt.model,
            "input_tokens": prepared.input_bound,
        },
    )


async def perform_and_record(
    prompt: Prompt,
    purpose: Purpose,
    prepared: Prepared,
    reservation: str,
    on_text: Callable[[str], None] | None,
) -> AIResponse:
    """The wire call, and its usage row whatever happens."""
    meter = Meter(on_text=_masked(on_text, prepared.redactor) if on_text else None)
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
    return response_of(attempt, reply, prepared.redactor)


async def book(attempt: ledger.Attempt, purpose: Purpose, reservation: str) -> None:
    """One row; a reservation of this call alone ends with it, a session's goes on."""
    await _even_if_cancelled(ledger.record(attempt, reservation, close=purpose.reservation is None))


async def perform(prompt: Prompt, prepared: Prepared, meter: Meter) -> Reply:
    """The wire, within its time. Errors: UpstreamError family only."""
    name = prepared.connection.provider
    try:
        async with asyncio.timeout(prepared.timeout_s):
            return await wire_for(prepared.connection).achat(prompt, meter)
    except TimeoutError as error:
        sentence = f"Provider {name} failed: no answer within {prepared.timeout_s:g} s. The call was cancelled."
        raise UpstreamTimeout(sentence, provider=name) from error
    except AIServiceError:
        raise
    except Exception as error:  # a wire that met something it doesn't know: booked like any broken answer
        logger.exception("wire of %s met something unknown", name)
        raise UpstreamBroken(f"Provider {name} failed: its answer could not be read.", provider=name) from error


def good_attempt(
    prompt: Prompt, purpose: Purpose, prepared: Prepared, meter: Meter, reply: Reply
) -> ledger.Attempt:
    source: UsageSource = "reported" if reply.usage else "estimated"
    usage = reply.usage or estimate(prompt, reply.content)
    return replace(
        _attempt(prompt, purpose, prepared, meter, usage, source), success=True, model_version=reply.model
    )


def failed_attempt(
    prompt: Prompt,
    purpose: Purpose,
    prepared: Prepared,
    meter: Meter,
    *,
    code: str,
    words: str,
    unbilled: bool = False,
) -> ledger.Attempt:
    """What a call that failed has cost: nothing if it never left or was refused, else what is known of it."""
    if not meter.sent or unbilled or code == OutboundRefused.code:
        usage, source = meter.usage or Usage(), "reported"
    elif meter.usage is not None:
        known = estimate(prompt, meter.text).output_tokens
        usage = replace(meter.usage, output_tokens=max(meter.usage.output_tokens, known))
        source = "interrupted"
    else:
        usage, source = estimate(prompt, meter.text), "interrupted"
    attempt = _attempt(prompt, purpose, prepared, meter, usage, source)
    return replace(attempt, success=False, error_code=code, error_message=words[:500])


def words_of(prompt: Prompt) -> str:
    """All that an upstream reads and bills as input, the schema of a structured answer included."""
    schema = json.dumps(prompt.json_schema) if prompt.json_schema else ""
    return prompt.system + "".join(message.content for message in prompt.messages) + schema


def estimate(prompt: Prompt, answer: str) -> Usage:
    """Counted here, because the upstream reported nothing."""
    return Usage(
        input_tokens=pricing.estimate_tokens(words_of(prompt)) + 4 * (len(prompt.messages) + 1),
        output_tokens=pricing.estimate_tokens(answer),
    )


def _attempt(
    prompt: Prompt, purpose: Purpose, prepared: Prepared, meter: Meter, usage: Usage, source: UsageSource
) -> ledger.Attempt:
    provider = prepared.connection.provider
    cost = pricing.cost_of(provider, prompt.model, usage)
    loop_time = asyncio.get_running_loop().time
    first = None if meter.first_text_at is None else round((meter.first_text_at - meter.started_at) * 1000)
    return ledger.Attempt(
        id=prepared.attempt_id,
        provider=provider,
        model=prompt.model,
        user_id=purpose.user_id,
        operation=purpose.operation,
        session_id=purpose.session_id,
        model_version=meter.model,
        usage=usage,
        usage_source=source,
        estimated_cost_usd=prepared.worst_usd,
        actual_cost_usd=cost.usd,
        price_source=cost.source,
        rates=cost.rates,
        processing_time_ms=round((loop_time() - meter.started_at) * 1000),
        first_token_ms=first,
        prompt_hash=hash_of(prompt),
        metadata={**purpose.metadata, **({"upstream_id": meter.upstream_id} if meter.upstream_id else {})},
    )


def hash_of(prompt: Prompt) -> str:
    """SHA-256 of what was sent, so that equal questions can be found without keeping them."""
    digest = hashlib.sha256(prompt.system.encode())
    for message in prompt.messages:
        digest.update(f"\x1e{message.role}\x1f{message.content}".encode())
    return digest.hexdigest()


def note_of(attempt: ledger.Attempt) -> dict[str, object]:
    return {
        "input_tokens": attempt.usage.input_tokens,
        "output_tokens": attempt.usage.output_tokens,
        "cost_usd": attempt.actual_cost_usd,
        "estimated": attempt.usage_source != "reported",
    }


def response_of(attempt: ledger.Attempt, reply: Reply, redactor: Redactor) -> AIResponse:
    return AIResponse(
        content=redactor.whole(reply.content),
        provider=attempt.provider,
        model=reply.model or attempt.model,
        input_tokens=attempt.usage.input_tokens,
        output_tokens=attempt.usage.output_tokens,
        cost_usd=attempt.actual_cost_usd,
        estimated=attempt.usage_source != "reported",
        finish_reason=reply.finish_reason,
        log_id=str(attempt.id),
        duration_ms=attempt.processing_time_ms,
    )


def _masked(on_text: Callable[[str], None], redactor: Redactor) -> Callable[[str], None]:
    def show(piece: str) -> None:
        if safe := redactor.feed(piece):
            on_text(safe)

    return show


async def _even_if_cancelled(work: object) -> object:
    """Money is written even while the caller is being cancelled; the cancellation goes on afterwards."""
    task = asyncio.ensure_future(work)  # type: ignore[arg-type]
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.result()
        raise
