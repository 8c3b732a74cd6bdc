"""The Mock wire: canned answers, visibly labelled, made here. It calls nobody and costs nothing.

Models are personas (`mock-optimist`, ...). A suffix `@<ms>` sets the pause before each streamed word,
as in `mock-engineer@0`.

Where tools are offered it calls those whose name stands in the question (`get_weather`, or "get weather"), or the
one that it must; what a tool answered it repeats.
"""

import asyncio
import json
import re
from decimal import Decimal

from providers.exceptions import UpstreamRejected
from providers.types import Meter, ModelInfo, Prompt, Reply, ToolSpec, Usage
from providers.wires.base import AIProvider
from providers.wires.canned import SchemaFiller, prose
from providers.wires.canned_words import PERSONAS

LABEL = "Test answer (Mock): "
MODELS = ("mock", *(f"mock-{persona}" for persona in PERSONAS))
PAUSE_MS = 15
MOST_TOLD = 500


class MockWire(AIProvider):
    async def achat(self, prompt: Prompt, meter: Meter) -> Reply:
        name, _, pause = prompt.model.partition("@")
        if name not in MODELS:
            raise UpstreamRejected(
                f"Provider mock failed: there is no model {name[:40]}. Its models are {', '.join(MODELS)}.",
                provider="mock",
                upstream_status=404,
            )
        called = wanted(prompt)
        pieces = [] if called else re.findall(r"\s*\S+", answer(name, prompt))
        kept = pieces[: prompt.max_output_tokens]
        meter.sent, meter.model = True, prompt.model
        meter.takes_calls = True
        asked = len(f"{prompt.system} {' '.join(turn.content for turn in prompt.messages)}".split())
        for written, piece in enumerate(kept, start=1):
            if meter.streaming:
                await asyncio.sleep((int(pause) if pause.isdigit() else PAUSE_MS) / 1000)
            meter.write(piece)
            meter.usage = Usage(asked, written, cost_usd=Decimal(0))
        for slot, tool in enumerate(called):
            self._call(slot, tool, name, prompt, meter)
            meter.usage = Usage(asked, slot + 1, cost_usd=Decimal(0))
        finish = "tool_calls" if called else "stop" if len(kept) == len(pieces) else "length"
        return Reply(meter.text, prompt.model, finish, meter.usage, meter.upstream_id, tool_calls=meter.tool_calls)

    def _call(self, slot: int, tool: ToolSpec, model: str, prompt: Prompt, meter: Meter) -> None:
        """The arguments come in two pieces, as from a real model."""
        filler = SchemaFiller(tool.parameters, persona_of(model), question_of(prompt))
        text = json.dumps(filler.value())
        meter.call(slot, name=tool.name, arguments=text[: len(text) // 2])
        meter.call(slot, arguments=text[len(text) // 2 :])

    async def list_models(self) -> list[ModelInfo]:
        return [ModelInfo(name) for name in MODELS]


def answer(model: str, prompt: Prompt) -> str:
    """What the persona of that model says: labelled prose, or labelled JSON where a schema is given."""
    question = question_of(prompt)
    if prompt.json_schema is not None:
        return json.dumps(SchemaFiller(prompt.json_schema, persona_of(model), question, LABEL).value(), indent=1)
    if prompt.messages and prompt.messages[-1].role == "tool":
        told = " ".join(turn.content for turn in prompt.messages if turn.role == "tool")
        return f"{LABEL}the tool answered: {told[:MOST_TOLD]}"
    return LABEL + prose(persona_of(model), question, prompt.system)


def wanted(prompt: Prompt) -> list[ToolSpec]:
    """The tools that are called; none once a tool has answered."""
    if prompt.tool_choice == "none" or (prompt.messages and prompt.messages[-1].role == "tool"):
        return []
    question = question_of(prompt).lower()
    named = [tool for tool in prompt.tools if tool.name == prompt.tool_choice]
    found = named or [
        tool
        for tool in prompt.tools
        if tool.name.lower() in question or tool.name.lower().replace("_", " ") in question
    ]
    found = found or list(prompt.tools[:1] if prompt.tool_choice == "required" else ())
    return found[:1] if prompt.parallel_tool_calls is False else found


def question_of(prompt: Prompt) -> str:
    return next((turn.content for turn in reversed(prompt.messages) if turn.role != "tool"), "")


def persona_of(model: str) -> str:
    return model.removeprefix("mock-") if model in MODELS[1:] else "engineer"
