"""One upstream call as a usage row, and the answer that goes back: what is known of it, whatever happened."""

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from providers import ledger
from providers.gateway.prepare import Prepared
from providers.guard import Redactor
from providers.money import pricing
from providers.types import AIResponse, Meter, Prompt, Purpose, Reply, Usage, UsageSource

RAW_CHARS = 64_000
Outcome = Literal["unbilled", "interrupted", "unknown"]


def good_attempt(
    prompt: Prompt, purpose: Purpose, prepared: Prepared, meter: Meter, reply: Reply
) -> ledger.Attempt:
    source: UsageSource = "reported" if reply.usage else "estimated"
    usage = reply.usage or estimate(prompt, said_in(reply))
    answer = prepared.redactor.ended(said_in(reply)) if prepared.config.log_responses else ""
    said = purpose.describe(prepared.redactor.ended(reply.content)) if purpose.describe else {}
    found = _attempt(prompt, purpose, prepared, meter, usage, source)
    found["metadata"] |= said
    return ledger.Attempt(**found | {"success": True, "model_version": reply.model, "response_preview": answer})


def failed_attempt(
    prompt: Prompt,
    purpose: Purpose,
    prepared: Prepared,
    meter: Meter,
    *,
    code: str,
    words: str,
    outcome: Outcome,
) -> ledger.Attempt:
    """What a call that failed has cost: nothing if it never left or was refused, else what is known of it.

    `outcome` unknown: the connection was lost before a word came back, so what was sent is counted.
    """
    if outcome == "unbilled":
        usage, source = meter.usage or Usage(), "reported"
    elif meter.usage is not None:
        known = estimate(prompt, meter.written).output_tokens
        reported = meter.usage.output_tokens
        # Some report as they go, which is exact; others only a first figure when they begin, which is too low.
        usage = replace(meter.usage, output_tokens=reported if 2 * reported >= known else known)
        source = "interrupted"
    else:
        usage, source = estimate(prompt, meter.written), outcome
    found = _attempt(prompt, purpose, prepared, meter, usage, source)
    return ledger.Attempt(**found, success=False, error_code=code, error_message=words[:500])


def estimate(prompt: Prompt, answer: str) -> Usage:
    """Counted here, because the upstream reported nothing."""
    return Usage(
        input_tokens=pricing.estimate_tokens(prompt.words) + 4 * (len(prompt.messages) + 1),
        output_tokens=pricing.estimate_tokens(answer),
    )


def _attempt(
    prompt: Prompt, purpose: Purpose, prepared: Prepared, meter: Meter, usage: Usage, source: UsageSource
) -> dict[str, Any]:
    """The fields of the row that every outcome has."""
    provider = prepared.connection.provider
    cost = pricing.cost_of(provider, prompt.model, usage, own=prepared.config.own_prices)
    loop_time = asyncio.get_running_loop().time
    first = None if meter.first_text_at is None else round((meter.first_text_at - meter.started_at) * 1000)
    return {
        "id": prepared.attempt_id,
        "provider": provider,
        "model": prompt.model,
        "user_id": purpose.user_id,
        "operation": purpose.operation,
        "session_id": purpose.session_id,
        "model_version": meter.model,
        "usage": usage,
        "usage_source": source,
        "estimated_cost_usd": prepared.worst_usd,
        "actual_cost_usd": cost.usd,
        "price_source": cost.source,
        "rates": cost.rates,
        "processing_time_ms": round((loop_time() - meter.started_at) * 1000),
        "first_token_ms": first,
        "prompt_hash": hash_of(prompt),
        "prompt_preview": prepared.redactor.whole(prompt.words) if prepared.config.log_prompts else "",
        "metadata": {**purpose.metadata, **({"upstream_id": meter.upstream_id} if meter.upstream_id else {})},
    }


def hash_of(prompt: Prompt) -> str:
    """SHA-256 of what was sent, so that equal questions can be found without keeping them."""
    digest = hashlib.sha256(prompt.system.encode())
    for message in prompt.messages:
        digest.update(f"\x1e{message.role}\x1f{message.content}".encode())
    if prompt.tools or prompt.json_schema or any(turn.tool_calls for turn in prompt.messages):
        digest.update(f"\x1d{prompt.words}".encode())
    return digest.hexdigest()


@dataclass(slots=True)
class Bill:
    """What all attempts of one question came to."""

    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    estimated: bool = False

    def add(self, attempt: ledger.Attempt) -> None:
        self.attempts += 1
        self.input_tokens += attempt.usage.input_tokens
        self.output_tokens += attempt.usage.output_tokens
        self.cost_usd += attempt.actual_cost_usd
        self.estimated = self.estimated or attempt.usage_source != "reported"

    def figures(self) -> dict[str, Any]:
        """input_tokens, output_tokens, cost_usd, estimated."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": self.cost_usd,
            "estimated": self.estimated,
        }


def raw_of(reply: Reply, prepared: Prepared) -> dict[str, Any]:
    """What the upstream sent as plain JSON with every key masked; cut to `RAW_CHARS`, and then said to be."""
    frame = {"id": reply.upstream_id, "model": reply.model, "finish_reason": reply.finish_reason}
    found = reply.raw or {**frame, "usage": asdict(reply.usage) if reply.usage else None, "streamed": True}
    text = prepared.redactor.whole(json.dumps(found, default=float, ensure_ascii=False))
    return json.loads(text) if len(text) <= RAW_CHARS else {**frame, "truncated": True, "text": text[:RAW_CHARS]}


def said_in(reply: Reply) -> str:
    """All that the model wrote, its calls included."""
    return reply.content + "".join(f"{call.name} {call.arguments}" for call in reply.tool_calls)


def calls_of(reply: Reply, redactor: Redactor) -> list[dict[str, Any]] | None:
    """What the model asks for, keys masked; `error` stands beside a call whose arguments are broken."""
    shapes = []
    for call in reply.tool_calls:
        safe = replace(call, name=redactor.whole(call.name), arguments=redactor.whole(call.arguments))
        shapes.append(safe.as_openai() | ({"error": safe.error} if safe.error else {}))
    return shapes or None


def response_of(
    attempt: ledger.Attempt, reply: Reply, prepared: Prepared, bill: Bill, *, keep_raw: bool = False
) -> AIResponse:
    return AIResponse(
        content=prepared.redactor.ended(reply.content),
        provider=attempt.provider,
        model=reply.model or attempt.model,
        **bill.figures(),
        finish_reason=reply.finish_reason,
        log_id=str(attempt.id),
        duration_ms=attempt.processing_time_ms,
        raw_response=raw_of(reply, prepared) if keep_raw else {},
        tool_calls=calls_of(reply, prepared.redactor),
        metadata={
            "used_fallback": attempt.used_fallback,
            "attempts": bill.attempts,
            **({"budget_warning": prepared.warning} if prepared.warning else {}),
        },
    )
