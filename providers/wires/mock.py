"""The Mock wire: canned answers, visibly labelled, made here. It calls nobody and costs nothing.

Models are personas (`mock-optimist`, ...). A suffix `@<ms>` sets the pause before each streamed word,
as in `mock-engineer@0`.
"""

import asyncio
import json
import re
from decimal import Decimal

from providers.exceptions import UpstreamRejected
from providers.types import Meter, ModelInfo, Prompt, Reply, Usage
from providers.wires.base import AIProvider
from providers.wires.canned import SchemaFiller, prose
from providers.wires.canned_words import PERSONAS

LABEL = "Test answer (Mock): "
MODELS = ("mock", *(f"mock-{persona}" for persona in PERSONAS))
PAUSE_MS = 15


class MockWire(AIProvider):
    async def achat(self, prompt: Prompt, meter: Meter) -> Reply:
        name, _, pause = prompt.model.partition("@")
        if name not in MODELS:
            raise UpstreamRejected(
                f"Provider mock failed: there is no model {name[:40]}. Its models are {', '.join(MODELS)}.",
                provider="mock",
                upstream_status=404,
            )
        pieces = re.findall(r"\s*\S+", answer(name, prompt))
        kept = pieces[: prompt.max_output_tokens]
        meter.sent, meter.model = True, prompt.model
        asked = len(f"{prompt.system} {' '.join(turn.content for turn in prompt.messages)}".split())
        for written, piece in enumerate(kept, start=1):
            if meter.streaming:
                await asyncio.sleep((int(pause) if pause.isdigit() else PAUSE_MS) / 1000)
            meter.write(piece)
            meter.usage = Usage(asked, written, cost_usd=Decimal(0))
        finish = "stop" if len(kept) == len(pieces) else "length"
        return Reply(meter.text, prompt.model, finish, meter.usage, meter.upstream_id)

    async def list_models(self) -> list[ModelInfo]:
        return [ModelInfo(name) for name in MODELS]


def answer(model: str, prompt: Prompt) -> str:
    """What the persona of that model says: labelled prose, or labelled JSON where a schema is given."""
    persona = model.removeprefix("mock-") if model in MODELS[1:] else "engineer"
    question = prompt.messages[-1].content if prompt.messages else ""
    if prompt.json_schema is None:
        return LABEL + prose(persona, question, prompt.system)
    return json.dumps(SchemaFiller(prompt.json_schema, persona, question, LABEL).value(), indent=1)
