"""The mind that is a model: the conversation is built from the run's rows each time, so any worker goes on.

What a tool gave is data between random boundaries. What it may cause is held by the gate, not by these words.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from intelligence.agents.runs import evidence
from intelligence.agents.runs.types import CONCLUDE, Asked, Case, OutOfBudget, Step, Turn
from intelligence.models import AgentRun
from providers.conversation.calls import ToolSpec, parsed_arguments
from providers.conversation.turns import tools_in, turns_of
from providers.exceptions import NotConfigured
from providers.guard import DATA_IS_DATA, fenced, mark, mended
from providers.models import AIServiceConfig
from providers.money import output_limits, pricing
from providers.runtime.hop import hop
from providers.service import AIResponse, AIService, chosen
from providers.types import Prompt

OPERATION = "agent"
MOST_RESULT, MOST_THOUGHT, MOST_CALLS = 5_000, 300, 6
SPARE_TOKENS = 300  # what the service adds to a system prompt
SYSTEM = (
    "You troubleshoot services of a platform with the tools that are given. Look before you claim: call tools, "
    "several at once where they don't depend on each other, never one twice with the same arguments. Say in one "
    "short sentence what you look for. When you know, or can't find out more, call conclude: the cause in plain "
    "words first, then what to do, then what is not sure. For every claim give the url of the row that shows it, "
    f"exactly as a result gave it (for a line of a log add #L and its number). {DATA_IS_DATA}"
)
ANSWER = ToolSpec(
    CONCLUDE,
    "Ends the work with the answer.",
    {
        "type": "object",
        "properties": {
            "answer": {"type": "string", "description": "cause, what to do, what is not sure"},
            "evidence": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "url": {"type": "string", "description": "of a row in a result, or /deployments/ID/#L12"},
                        "says": {"type": "string", "description": "what it shows, one sentence"},
                    },
                    "required": ["url", "says"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["answer", "evidence"],
        "additionalProperties": False,
    },
)


class Model:
    """Asks the site's default model on the owner's account."""

    def __init__(self, run: AgentRun) -> None:
        self._service = AIService(run.owner, run.session_id)

    async def next(self, case: Case) -> Turn:
        """Errors: OutOfBudget where the next question could pass it; those of `AIService`."""
        tools = [ANSWER] if case.last else [*(spec_of(tool) for tool in case.tools), ANSWER]
        provider, model = await hop(chosen, "", "")
        if provider == "mock":
            raise NotConfigured("The test provider (Mock) knows nothing of this site.")
        most = output_limits.output_limit(OPERATION)
        messages = list(conversation(case))
        price = await hop(worst, provider, model, messages, tools, most)
        if price > case.usd_left:
            raise OutOfBudget(f"The next question could cost ${price:.4f}, and ${case.usd_left:.4f} are left.")
        answer = await self._service.achat(
            messages,
            operation=OPERATION,
            provider=provider,
            model=model,
            system=SYSTEM,
            tools=tools,
            tool_choice=CONCLUDE if case.last else None,
            timeout_s=max(1.0, case.seconds_left),
        )
        return turn_of(answer, case)


def worst(provider: str, model: str, messages: list[dict[str, Any]], tools: list[ToolSpec], most: int) -> Decimal:
    """What that question can cost at most. Sync. Errors: PriceUnknown."""
    said = turns_of(messages, settings.AI_MAX_INPUT_CHARS)
    prompt = Prompt(model, said.messages, most, SYSTEM, tools=tools_in(tools))
    tokens = pricing.bound_of(prompt) + SPARE_TOKENS
    own = AIServiceConfig.get_instance().own_prices
    return pricing.worst_case(provider, model, input_tokens=tokens, max_output_tokens=most, own=own)


def spec_of(tool: Any) -> ToolSpec:
    return ToolSpec(tool.name, tool.description, tool.parameters)


def conversation(case: Case) -> Iterator[dict[str, Any]]:
    """The question, then each turn and the results of its calls."""
    about = f"\nThe service is {case.service['name']}, id {case.service['id']}." if case.service else ""
    left = f"You may make {max(0, case.steps_left)} more calls of tools."
    yield {"role": "user", "content": f"{case.question}{about}\nIt is {timezone.now():%Y-%m-%d %H:%M} UTC. {left}"}
    results = {(step.turn, step.call_id): step for step in case.steps if step.kind == "tool"}
    for step in case.steps:
        if step.kind != "think" or not step.calls:
            continue
        yield {"role": "assistant", "content": step.text, "tool_calls": step.calls}
        for call in step.calls:
            told = results.get((step.turn, call["id"]))
            yield {"role": "tool", "tool_call_id": call["id"], "content": result_text(told)}


def result_text(step: Step | None) -> str:
    """A result as it is told to a model."""
    if step is None:
        return "It was not called."
    if step.state == "done":
        text = json.dumps(step.result, ensure_ascii=False)
        cut = "" if len(text) <= MOST_RESULT else f"\n[cut: {len(text) - MOST_RESULT} more characters]"
        return fenced(mark(), "result", text[:MOST_RESULT] + cut)
    words = {"lost": "Its worker was lost; nobody knows whether it took effect. It is not repeated by itself."}
    return f"No result: {step.error or words.get(step.state, step.state)}"


def turn_of(answer: AIResponse, case: Case) -> Turn:
    """What the model's answer means. A call of `conclude`, or words without a call, end the run."""
    about = {"provider": answer.provider, "model": answer.model, "cost_usd": answer.cost_usd}
    text = mended(" ".join(answer.content.split()))[:MOST_THOUGHT]
    calls = answer.tool_calls or []
    ends = [values for call in calls if call["function"]["name"] == CONCLUDE and (values := _values(call))]
    if ends and str(ends[0].get("answer") or "").strip():
        said, claims = str(ends[0]["answer"]), _claims(ends[0].get("evidence"))
        return Turn("model", text, answer=said, evidence=tuple(claims), log_id=answer.log_id, **about)
    asked = tuple(_asked(call, case, at) for at, call in enumerate(calls))
    if asked:
        return Turn("model", text, asked, log_id=answer.log_id, **about)
    claims = evidence.named_in(answer.content, case.steps)
    return Turn("model", "", answer=answer.content, evidence=tuple(claims), log_id=answer.log_id, **about)


def _values(call: Mapping[str, Any]) -> dict[str, Any]:
    return parsed_arguments(call["function"]["arguments"])[0] or {}


def _claims(given: Any) -> list[dict[str, str]]:
    rows = [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
    return [{"url": str(one.get("url", "")), "says": str(one.get("says", ""))} for one in rows]


def _asked(call: dict[str, Any], case: Case, at: int) -> Asked:
    """The call, and why it can't be made: not offered, broken arguments, too many at once."""
    name, offered = call["function"]["name"], {tool.name for tool in case.tools}
    values, wrong = parsed_arguments(call["function"]["arguments"])
    if name == CONCLUDE:
        wrong = wrong or "An answer needs words: call conclude again with the answer."
    elif name not in offered:
        wrong = f"There is no tool {name[:64]} for this run."
    elif at >= min(MOST_CALLS, case.steps_left):
        wrong = "These are more calls than are left now. It was not made."
    shape = {key: call[key] for key in ("id", "type", "function", "extra_content") if key in call}
    return Asked(call["id"], name, values or {}, wrong, shape)
