"""What the fake upstream says in each dialect: checks of a request, whole answers, stream events, errors.

As strict as the real ones: unknown arguments, a missing version header or a loose schema are refused.
"""

from typing import Any

from tests.fakes.calling import FakeCall, Offer, claude_complaint, claude_offer, halves, openai_complaint
from tests.fakes.dialect import STATUS_TYPES, Answer, Dialect, loose_objects, sse

OPENAI_ARGUMENTS = set(
    "model messages temperature top_p n max_tokens max_completion_tokens stop seed tools tool_choice "
    "parallel_tool_calls response_format reasoning_effort stream stream_options metadata user verbosity "
    "service_tier store frequency_penalty presence_penalty logit_bias logprobs top_logprobs".split()
)
ANTHROPIC_ARGUMENTS = set(
    "model messages max_tokens system stream stop_sequences temperature top_p top_k metadata tools "
    "tool_choice thinking output_config service_tier".split()
)


class OpenAIDialect(Dialect):
    path = "/v1/chat/completions"
    models_path = "/v1/models"

    def refuse(self, headers: Any, body: dict[str, Any]) -> tuple[int, str] | None:
        """Status and message where OpenAI would refuse that request."""
        unknown = set(body) - OPENAI_ARGUMENTS
        if unknown:
            return 400, f"Unrecognized request argument supplied: {', '.join(sorted(unknown))}"
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            return 400, "Missing required parameter: 'messages'."
        if any(one.get("role") not in ("system", "developer", "user", "assistant", "tool") for one in messages):
            return 400, "Invalid value for 'messages[0].role'."
        if "stream_options" in body and not body.get("stream"):
            return 400, "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        if "max_tokens" in body and str(body["model"]).startswith(("gpt-5", "gpt-6")):
            return 400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        schema = self.schema(body)
        if schema is not None and loose_objects(schema):
            return 400, "Invalid schema for response_format: 'additionalProperties' must be false."
        complaint = openai_complaint(body)
        return (400, complaint) if complaint else None

    def schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        form = body.get("response_format") or {}
        return form["json_schema"]["schema"] if form.get("type") == "json_schema" else None

    def limit(self, body: dict[str, Any]) -> int | None:
        return body.get("max_completion_tokens", body.get("max_tokens"))

    def prompt_text(self, body: dict[str, Any]) -> str:
        return " ".join(str(one.get("content")) for one in body["messages"])

    def system(self, body: dict[str, Any]) -> str:
        return next((str(one.get("content")) for one in body["messages"] if one.get("role") == "system"), "")

    def error(self, status: int, message: str) -> dict[str, Any]:
        kind = STATUS_TYPES.get(status, "server_error")
        code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status)
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def error_event(self) -> bytes:
        return sse({"error": {"message": "The engine is overloaded", "type": "server_error", "code": None}})

    def _usage(self, answer: Answer) -> dict[str, Any]:
        whole = isinstance(answer.tokens_in, int) and answer.tokens_in + answer.tokens_out
        return {
            "prompt_tokens": answer.tokens_in,
            "completion_tokens": answer.tokens_out,
            "total_tokens": whole or answer.tokens_in,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }

    def whole(self, answer: Answer) -> dict[str, Any]:
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.calls:
            message["tool_calls"] = [_openai_call(call.id, call.name, call.arguments) for call in answer.calls]
        data = {
            "id": answer.id,
            "object": "chat.completion",
            "created": 1795000000,
            "model": answer.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}],
        }
        return data | ({"usage": self._usage(answer)} if answer.reports_usage else {})

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Events before, with and after the text."""
        asked = (body.get("stream_options") or {}).get("include_usage")

        def chunk(choices: list[Any], usage: Any = None) -> bytes:
            base = {
                "id": answer.id,
                "object": "chat.completion.chunk",
                "created": 1795000000,
                "model": answer.model,
            }
            return sse(base | {"choices": choices} | ({"usage": usage} if asked else {}))

        def choice(delta: dict[str, Any], finish: str | None = None) -> list[Any]:
            return [{"index": 0, "delta": delta, "finish_reason": finish}]

        head = [b": keep-alive\n\n", chunk(choice({"role": "assistant", "content": ""}))]
        deltas = [chunk(choice({"content": piece})) for piece in answer.pieces]
        for at, call in enumerate(answer.calls):
            deltas += [chunk(choice({"tool_calls": [one]})) for one in self._call_deltas(at, call)]
        tail = [chunk(choice({}, answer.finish))]
        if asked and answer.reports_usage:
            tail.append(chunk([], self._usage(answer)))
        return head, deltas, [*tail, sse("[DONE]")]

    def _call_deltas(self, at: int, call: FakeCall) -> list[dict[str, Any]]:
        more = [{"index": at, "function": {"arguments": piece}} for piece in halves(call.arguments)]
        return [_openai_call(call.id, call.name, "") | {"index": at}, *more]

    def models(self, ids: list[str]) -> dict[str, Any]:
        rows = [{"id": one, "object": "model", "created": 1795000000, "owned_by": "fake"} for one in ids]
        return {"object": "list", "data": rows}


def _openai_call(id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


class AnthropicDialect(Dialect):
    path = "/v1/messages"
    call_ids = "toolu_01{}"

    def refuse(self, headers: Any, body: dict[str, Any]) -> tuple[int, str] | None:
        """Status and message where Anthropic would refuse that request."""
        version = headers.get("anthropic-version")
        if version is None:
            return 400, "anthropic-version: header is required"
        unknown = set(body) - ANTHROPIC_ARGUMENTS
        if unknown:
            return 400, f"{min(unknown)}: Extra inputs are not permitted"
        for name in ("max_tokens", "messages"):
            if not body.get(name):
                return 400, f"{name}: Field required"
        if version >= "2026-10-21" and {"temperature", "top_p", "top_k"} & set(body):
            return 400, "temperature: sampling parameters are not supported in this API version"
        roles = [one.get("role") for one in body["messages"]]
        if set(roles) - {"user", "assistant"} or roles[-1] != "user":
            return 400, "messages: roles must be user or assistant, and the last one user"
        schema = self.schema(body)
        if schema is not None and loose_objects(schema):
            return 400, "output_config.format.schema: additionalProperties must be false"
        complaint = claude_complaint(body)
        return (400, complaint) if complaint else None

    def offer(self, body: dict[str, Any]) -> Offer:
        return claude_offer(body)

    def schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        return ((body.get("output_config") or {}).get("format") or {}).get("schema")

    def limit(self, body: dict[str, Any]) -> int | None:
        return body.get("max_tokens")

    def prompt_text(self, body: dict[str, Any]) -> str:
        return f"{body.get('system', '')} " + " ".join(str(one.get("content")) for one in body["messages"])

    def system(self, body: dict[str, Any]) -> str:
        return str(body.get("system", ""))

    def error(self, status: int, message: str) -> dict[str, Any]:
        kind = STATUS_TYPES.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"}

    def error_event(self) -> bytes:
        return sse(self.error(529, "Overloaded"), "error")

    def _message(self, answer: Answer, content: list[Any], tokens_out: Any, stop: str | None) -> dict[str, Any]:
        usage = {
            "input_tokens": answer.tokens_in,
            "output_tokens": tokens_out,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        }
        data = {
            "id": answer.id,
            "type": "message",
            "role": "assistant",
            "model": answer.model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
        }
        return data | ({"usage": usage} if answer.reports_usage else {})

    def whole(self, answer: Answer) -> dict[str, Any]:
        content: list[Any] = [] if answer.text is None else [{"type": "text", "text": answer.text}]
        for call in answer.calls:
            content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.values})
        return self._message(answer, content, answer.tokens_out, self._stop(answer))

    def _stop(self, answer: Answer) -> str:
        return {"length": "max_tokens", "tool_calls": "tool_use"}.get(answer.finish, "end_turn")

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Events before, with and after the text."""

        def event(kind: str, **rest: Any) -> bytes:
            return sse({"type": kind, **rest}, kind)

        head = [
            event("message_start", message=self._message(answer, [], 1, None)),
            event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            event("ping"),
        ]
        deltas = [
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            for piece in answer.pieces
        ]
        for at, call in enumerate(answer.calls, start=1):
            block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            deltas.append(event("content_block_stop", index=at - 1))
            deltas.append(event("content_block_start", index=at, content_block=block))
            for piece in halves(call.arguments):
                delta = {"type": "input_json_delta", "partial_json": piece}
                deltas.append(event("content_block_delta", index=at, delta=delta))
        usage = {"usage": {"output_tokens": answer.tokens_out}} if answer.reports_usage else {}
        stop = {"stop_reason": self._stop(answer), "stop_sequence": None}
        tail = [
            event("content_block_stop", index=len(answer.calls)),
            event("message_delta", delta=stop, **usage),
            event("message_stop"),
        ]
        return head, deltas, tail

    def key(self, headers: Any) -> str:
        return str(headers.get("x-api-key") or super().key(headers))

    def emptied(self, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"content": []}

    def models(self, ids: list[str]) -> dict[str, Any]:
        rows = [
            {
                "id": one,
                "type": "model",
                "display_name": one.title(),
                "created_at": "2026-10-01T00:00:00Z",
                "lifecycle": "active",
                "retires_at": None,
            }
            for one in ids
        ]
        return {"data": rows, "has_more": False, "first_id": ids[0], "last_id": ids[-1]}
