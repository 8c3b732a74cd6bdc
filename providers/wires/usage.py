"""Reads what upstreams report of their usage, and believes only plausible numbers.

All is normalised so that total = input + output (see `providers.types.Usage`). A report with a
missing, negative, huge or textual count is treated as missing: the caller then estimates.
"""

from decimal import Decimal
from typing import Any

from providers.types import Usage

# Far above any context window; a report beyond it is a fault, and would empty a cap at one stroke.
MAX_TOKENS = 20_000_000
MAX_COST_USD = Decimal(10_000)
TICKS_PER_USD = 10**10


def count(value: Any) -> int | None:
    """A plausible number of tokens, else None."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_TOKENS:
        return None
    return value


def part(value: Any, whole: int) -> int:
    """A plausible part of `whole`, else 0: a detail that can't be right must not spoil the total."""
    found = count(value)
    return found if found is not None and found <= whole else 0


def cost(value: Any) -> Decimal | None:
    """A plausible amount in US dollars, else None."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    return amount if amount.is_finite() and 0 <= amount <= MAX_COST_USD else None


def section(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def openai_usage(report: Any, provider: str) -> Usage | None:
    """Usage of the OpenAI dialect; None where it is missing or can't be right."""
    if not isinstance(report, dict):
        return None
    tokens_in, tokens_out = count(report.get("prompt_tokens")), count(report.get("completion_tokens"))
    if tokens_in is None or tokens_out is None or tokens_in + tokens_out == 0:
        return None
    reasoning_report = section(report, "completion_tokens_details").get("reasoning_tokens")
    if provider == "grok":
        tokens_out += _reasoning_outside(report, tokens_in, tokens_out, reasoning_report)
    cached = section(report, "prompt_tokens_details").get("cached_tokens")
    if cached is None:  # what DeepSeek and Mistral call it
        cached = report.get("prompt_cache_hit_tokens", report.get("num_cached_tokens"))
    return Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cached_input_tokens=part(cached, tokens_in),
        cache_write_tokens=part(section(report, "prompt_tokens_details").get("cache_write_tokens"), tokens_in),
        reasoning_tokens=part(reasoning_report, tokens_out),
        cost_usd=_billed(report, provider),
    )


def _reasoning_outside(report: dict[str, Any], tokens_in: int, tokens_out: int, reasoning: Any) -> int:
    """xAI counts reasoning beside the completion, not in it. Its own total decides, should that change."""
    extra = count(reasoning) or 0
    return 0 if count(report.get("total_tokens")) == tokens_in + tokens_out else extra


def _billed(report: dict[str, Any], provider: str) -> Decimal | None:
    """What the upstream itself says the call cost; only where its documentation defines the field."""
    if provider == "openrouter":
        return cost(report.get("cost"))
    ticks = report.get("cost_in_usd_ticks")
    if provider == "grok" and isinstance(ticks, int) and not isinstance(ticks, bool):
        return cost(Decimal(ticks) / TICKS_PER_USD)
    return None


def anthropic_usage(report: Any, before: Usage | None = None) -> Usage | None:
    """Usage of the Anthropic dialect, whose cached tokens stand beside the input, not in it.

    A stream reports twice, cumulatively: `before` is the first report, whose input side holds
    where the second one repeats none.
    """
    if not isinstance(report, dict):
        return before
    tokens_out = count(report.get("output_tokens"))
    if tokens_out is None:
        return None
    thinking = part(section(report, "output_tokens_details").get("thinking_tokens"), tokens_out)
    if before is not None and report.get("input_tokens") is None:
        return Usage(
            before.input_tokens, tokens_out, before.cached_input_tokens, before.cache_write_tokens, thinking
        )
    fresh = count(report.get("input_tokens"))
    read = count(report.get("cache_read_input_tokens") or 0)
    written = count(report.get("cache_creation_input_tokens") or 0)
    if fresh is None or read is None or written is None or fresh + read + written + tokens_out == 0:
        return None
    return Usage(fresh + read + written, tokens_out, read, written, thinking)


def gemini_usage(report: Any) -> Usage | None:
    """Usage of Gemini, whose thoughts and tool results stand beside the answer and the prompt.

    A count that is zero is left out of the report.
    """
    if not isinstance(report, dict):
        return None
    prompt, tools, answer, thoughts = (
        count(report.get(name, 0))
        for name in ("promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    )
    if prompt is None or tools is None or answer is None or thoughts is None or not prompt + answer + thoughts:
        return None
    return Usage(
        input_tokens=prompt + tools,
        output_tokens=answer + thoughts,
        cached_input_tokens=part(report.get("cachedContentTokenCount"), prompt),
        reasoning_tokens=thoughts,
    )


def ollama_usage(report: dict[str, Any]) -> Usage | None:
    """Usage of Ollama's own protocol: two counts in the last object. A prompt that was still in its cache may
    come without a count, and then the report is missing."""
    tokens_in, tokens_out = count(report.get("prompt_eval_count")), count(report.get("eval_count"))
    if tokens_in is None or tokens_out is None or tokens_in + tokens_out == 0:
        return None
    return Usage(tokens_in, tokens_out)
