"""OpenAI's answer shapes: the whole completion, its chunks, and server-sent events. Pure."""

import json
import time
from typing import Any

from providers.types import ToolCall, ToolDelta

DONE = b"data: [DONE]\n\n"


def completion(
    *,
    id: str,
    model: str,
    content: str,
    usage: dict[str, int],
    metadata: dict[str, Any],
    tool_calls: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if tool_calls:
        message |= {"content": content or None, "tool_calls": tool_calls}
    return {
        "id": id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": metadata.pop("finish_reason", "stop"),
            }
        ],
        "usage": usage,
        "metadata": metadata,
    }


def usage(input_tokens: int, output_tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }


class Chunks:
    """The chunks of one streamed answer; all share the id."""

    def __init__(self, id: str, model: str) -> None:
        self.id, self.model, self.created = id, model, int(time.time())
        # All chunks of text are one but for the text; NUL stands in no other field.
        self._before, _, self._after = self._chunk([_choice({"content": "\0"})]).rpartition(b'"\\u0000"')

    def _chunk(self, choices: list[dict[str, Any]], **rest: Any) -> bytes:
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        return event({**head, "choices": choices, **rest})

    def first(self) -> bytes:
        return self._chunk([_choice({"role": "assistant", "content": ""})])

    def text(self, piece: str) -> bytes:
        return b"".join((self._before, json.dumps(piece).encode(), self._after))

    def call(self, delta: ToolDelta) -> bytes:
        shape: dict[str, Any] = {"index": delta.index, "function": {"arguments": delta.arguments}}
        if delta.name:
            whole = ToolCall(delta.id, delta.name, delta.arguments, delta.signature)
            shape |= whole.as_openai()
        return self._chunk([_choice({"tool_calls": [shape]})])

    def last(self, finish_reason: str, metadata: dict[str, Any]) -> bytes:
        return self._chunk([_choice({}, finish_reason)], metadata=metadata)

    def usage(self, figures: dict[str, int]) -> bytes:
        return self._chunk([], usage=figures)


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def event(data: dict[str, Any], name: str = "") -> bytes:
    """One event; the JSON is ASCII without line breaks, so no text can start another event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, default=str)}\n\n".encode()


def comment(words: str) -> bytes:
    """A line that clients skip and proxies count as life."""
    return f": {' '.join(words.split())}\n\n".encode()


def error(shape: dict[str, Any]) -> bytes:
    return event({"error": shape}, name="error")
