"""The Mistral wire: the OpenAI dialect with a closed schema, so it goes through the same client.

What it refuses with 422 is never sent: stream_options (its usage always comes, with the last chunk), seed,
user, max_completion_tokens.
"""

from typing import Any

from providers.types import Meter, ModelInfo, Prompt, Reply
from providers.wires.base import words
from providers.wires.openai_chat import OpenAIChatWire

MAX_TEMPERATURE = 1.5


class MistralWire(OpenAIChatWire):
    def _base_url(self) -> str:
        base = self.connection.base_url
        return base if base.endswith("/v1") else f"{base}/v1"

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body = super()._body(prompt)
        if "temperature" in body:
            body["temperature"] = min(body["temperature"], MAX_TEMPERATURE)
        return body

    def _stream_body(self, prompt: Prompt) -> dict[str, Any]:
        return self._body(prompt) | {"stream": True}

    def _note(self, data: dict[str, Any], meter: Meter) -> None:
        if data.get("object") == "error":  # its errors have no field "error"
            raise self._refused(data)
        super()._note(data, meter)

    def _reply(self, meter: Meter, finish: str) -> Reply:
        if finish == "error":
            raise self._broken("it broke off its answer with an error")
        return super()._reply(meter, "length" if finish == "model_length" else finish)

    def _model(self, row: dict[str, Any]) -> ModelInfo:
        return ModelInfo(row["id"], words(row.get("deprecation"), len("2026-01-01")))
