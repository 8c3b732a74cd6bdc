"""Ollama's own protocol as the fake upstream speaks it: JSON lines."""

import json
from typing import Any

from tests.fakes.calling import Offer, ollama_complaint, openai_offer
from tests.fakes.dialect import Answer, Dialect


class OllamaDialect(Dialect):
    path = "/ollama/api/chat"
    models_path = "/ollama/api/tags"
    content_type = "application/x-ndjson"
    broken_event = b'{"model": "x", "mess\n'
    keyless = True

    def streams(self, body: dict[str, Any], path: str) -> bool:
        return body.get("stream", True) is not False

    def refuse(self, headers: Any, body: dict[str, Any]) -> tuple[int, str] | None:
        """Status and message where Ollama would refuse that request. Unknown fields it ignores in silence,
        which would lose a limit: so they are refused here."""
        unknown = set(body) - {"model", "messages", "stream", "options", "format", "tools", "think", "keep_alive"}
        if unknown:
            return 400, f"{min(unknown)} would be ignored"
        if not body.get("model"):
            return 400, "model is required"
        if any(one.get("role") not in ("system", "user", "assistant", "tool") for one in body["messages"]):
            return 400, "invalid role"
        complaint = ollama_complaint(body)
        return (400, complaint) if complaint else None

    def offer(self, body: dict[str, Any]) -> Offer:
        return openai_offer(body)

    def schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        form = body.get("format")
        return form if isinstance(form, dict) else None

    def limit(self, body: dict[str, Any]) -> int | None:
        return (body.get("options") or {}).get("num_predict")

    def system(self, body: dict[str, Any]) -> str:
        return next((str(one["content"]) for one in body["messages"] if one["role"] == "system"), "")

    def prompt_text(self, body: dict[str, Any]) -> str:
        return " ".join(str(one.get("content")) for one in body["messages"])

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"error": message}

    def error_event(self) -> bytes:
        return _line(self.error(500, "an error was encountered while running the model: overloaded"))

    def emptied(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name != "message"}

    def _part(self, answer: Answer, text: str | None) -> dict[str, Any]:
        message = {"role": "assistant", "content": text or ""}
        return {
            "model": answer.model,
            "created_at": "2026-11-20T10:00:00.5Z",
            "message": message,
            "done": False,
        }

    def _last(self, answer: Answer, text: str | None) -> dict[str, Any]:
        counts = {"prompt_eval_count": answer.tokens_in, "eval_count": answer.tokens_out}
        reason = "length" if answer.finish == "length" else "stop"  # it has no word of its own for calls
        ended = {"done": True, "done_reason": reason, "total_duration": 5_000_000_000}
        return self._part(answer, text) | ended | (counts if answer.reports_usage else {})

    def whole(self, answer: Answer) -> dict[str, Any]:
        data = self._last(answer, answer.text)
        if answer.calls:
            data["message"]["tool_calls"] = self._calls(answer)
        return data

    def _calls(self, answer: Answer) -> list[dict[str, Any]]:
        """Without an id, their arguments as an object."""
        return [{"function": {"name": call.name, "arguments": call.values}} for call in answer.calls]

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Lines before, with and after the text."""
        deltas = [_line(self._part(answer, piece)) for piece in answer.pieces]
        if answer.calls:
            part = self._part(answer, "")
            deltas.append(_line(part | {"message": part["message"] | {"tool_calls": self._calls(answer)}}))
        return [], deltas, [_line(self._last(answer, ""))]

    def models(self, ids: list[str]) -> dict[str, Any]:
        return {"models": [{"name": one, "model": one, "size": 42, "digest": "f0"} for one in ids]}


def _line(data: Any) -> bytes:
    return json.dumps(data).encode() + b"\n"
