"""The followers of the OpenAI dialect, each where it differs from OpenAI."""

import json
from typing import Any

from tests.fakes.calling import FakeCall, openai_complaint
from tests.fakes.dialect import Answer, loose_objects, sse
from tests.fakes.dialects import OPENAI_ARGUMENTS, OpenAIDialect

MISTRAL_ARGUMENTS = set(
    "model messages temperature top_p max_tokens stream stop random_seed metadata response_format tools "
    "tool_choice presence_penalty frequency_penalty n prediction parallel_tool_calls reasoning_effort "
    "prompt_mode guardrails prompt_cache_key service_tier safe_prompt".split()
)


class MistralDialect(OpenAIDialect):
    call_ids = "abcdefg{:02}"
    path = "/mistral/v1/chat/completions"
    models_path = "/mistral/v1/models"

    def key_refusal(self, shown: str) -> tuple[int, dict[str, Any]]:
        return 401, {"detail": "Unauthorized"}

    def refuse(self, headers: Any, body: dict[str, Any]) -> tuple[int, str] | None:
        unknown = set(body) - MISTRAL_ARGUMENTS
        if unknown:
            return 422, f"{min(unknown)}: Extra inputs are not permitted"
        if not 0 <= (body.get("temperature") or 0) <= 1.5:
            return 422, "temperature: Input should be less than or equal to 1.5"
        if body["messages"][-1]["role"] not in ("user", "tool"):
            return 400, "Expected last role User or Tool (or Assistant with prefix True) for serving"
        for message in body["messages"]:
            for id in [message.get("tool_call_id"), *(one["id"] for one in message.get("tool_calls") or ())]:
                if id is not None and not (len(id) == 9 and id.isalnum()):
                    return 400, f"Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9."
        schema = self.schema(body)
        if schema is not None and loose_objects(schema):
            return 400, "Invalid schema"
        complaint = openai_complaint(body)
        return (400, complaint) if complaint else None

    def error(self, status: int, message: str) -> dict[str, Any]:
        if status == 422:
            return {"detail": [{"type": "extra_forbidden", "loc": ["body"], "msg": message}]}
        kind = "service_unavailable" if status >= 500 else "invalid_request_error"
        return {"object": "error", "message": message, "type": kind, "param": None, "code": f"{status}0"}

    def error_event(self) -> bytes:
        kind = {"type": "service_tier_capacity_exceeded", "code": "3505"}
        return sse(self.error(429, "Service tier capacity exceeded for this model.") | kind)

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """The usage comes unasked, with the chunk that has the finish reason."""
        head, deltas, tail = super().stream(answer, body)
        last = json.loads(tail[0].removeprefix(b"data: "))
        if answer.reports_usage:
            last["usage"] = self._usage(answer)
        return head[1:], deltas, [sse(last), tail[-1]]

    def _call_deltas(self, at: int, call: FakeCall) -> list[dict[str, Any]]:
        """Each call comes whole."""
        function = {"name": call.name, "arguments": call.arguments}
        return [{"index": at, "id": call.id, "function": function}]

    def models(self, ids: list[str]) -> dict[str, Any]:
        listed = super().models(ids)
        for row in listed["data"]:
            row |= {"capabilities": {"completion_chat": True}, "type": "base", "deprecation": None}
        listed["data"][0]["deprecation"] = "2027-02-28T12:00:00Z"
        return listed


class CloudflareDialect(OpenAIDialect):
    path = "/cloudflare/accounts/{account}/ai/v1/chat/completions"
    models_path = "/cloudflare/accounts/{account}/ai/models/search"

    def key_refusal(self, shown: str) -> tuple[int, dict[str, Any]]:
        return 401, self._envelope(10000, "Authentication error")

    def refuse(self, headers: Any, body: dict[str, Any]) -> tuple[int, str] | None:
        if body.get("stream") and body.get("response_format"):
            return 400, "JSON Mode is not supported with streaming"
        if not str(body.get("model")).startswith("@"):
            return 400, "No such model"
        return super().refuse(headers, body)

    def error(self, status: int, message: str) -> dict[str, Any]:
        return self._envelope({400: 5007, 429: 3040, 408: 3007}.get(status, 3002), message)

    def _envelope(self, code: int, message: str) -> dict[str, Any]:
        return {
            "success": False,
            "result": None,
            "messages": [],
            "errors": [{"code": code, "message": message}],
        }

    def error_event(self) -> bytes:
        return sse(self.error(500, "Capacity temporarily exceeded"))

    def models(self, ids: list[str]) -> dict[str, Any]:
        date = {"property_id": "planned_deprecation_date", "value": "2027-01-30"}
        rows = [
            {"id": f"uuid-{n}", "name": f"@cf/fake/{one}", "task": {"name": "Text Generation"}, "properties": []}
            for n, one in enumerate(ids)
        ]
        rows[0]["properties"] = [{"property_id": "context_window", "value": "8192"}, date]
        return {"success": True, "result": rows, "errors": [], "messages": []}


class XaiDialect(OpenAIDialect):
    """Its reasoning stands beside the completion, its usage in a chunk of its own, its errors are text."""

    path = "/xai/v1/chat/completions"
    models_path = "/xai/v1/models"

    def key_refusal(self, shown: str) -> tuple[int, dict[str, Any]]:
        return 400, self.error(400, f"Incorrect API key provided: {shown}. You can obtain an API key online.")

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"code": "Client specified an invalid argument", "error": message}

    def _usage(self, answer: Answer) -> dict[str, Any]:
        usage = super()._usage(answer)
        if answer.tokens_out == abs(answer.tokens_out):
            usage["completion_tokens_details"] = {"reasoning_tokens": 9}
            usage["total_tokens"] += 9
        return usage | {"cost_in_usd_ticks": 37_756_000}


class GroqDialect(OpenAIDialect):
    """In a stream it reports under x_groq, with the chunk that has the finish reason."""

    path = "/groq/openai/v1/chat/completions"
    models_path = "/groq/openai/v1/models"

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        head, deltas, tail = super().stream(answer, {})
        last = json.loads(tail[0].removeprefix(b"data: "))
        last["x_groq"] = {"id": "req_1", "usage": self._usage(answer) | {"queue_time": 0.01}}
        return head, deltas, [sse(last), tail[-1]]


class DeepSeekDialect(OpenAIDialect):
    """It thinks unless it is told not to, and names its cache in its own way."""

    path = "/deepseek/chat/completions"
    models_path = "/deepseek/models"

    def refuse(self, headers: Any, body: dict[str, Any]) -> tuple[int, str] | None:
        if set(body) - OPENAI_ARGUMENTS - {"thinking"} or "max_completion_tokens" in body:
            return 400, "unknown field"
        form = body.get("response_format") or {}
        return (400, "This response_format type is unavailable now") if form.get("type") == "json_schema" else None

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        head, deltas, tail = super().stream(answer, body)
        if (body.get("thinking") or {}).get("type") != "disabled":
            thought = {"choices": [{"index": 0, "delta": {"content": None, "reasoning_content": "Hm, "}}]}
            deltas = [sse(thought)]  # the limit went to the thoughts
        return head, deltas, tail

    def _usage(self, answer: Answer) -> dict[str, Any]:
        usage = super()._usage(answer) | {"prompt_cache_hit_tokens": 2}
        del usage["prompt_tokens_details"]
        return usage


class OpenRouterDialect(OpenAIDialect):
    """It names the model that it chose, states the cost, and breaks off with an error beside a finish."""

    path = "/openrouter/v1/chat/completions"
    models_path = "/openrouter/v1/models"

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"code": status, "message": message, "metadata": {"error_type": "provider_overloaded"}}}

    def error_event(self) -> bytes:
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        return sse({"id": "x", "choices": [choice], **self.error(502, "Provider disconnected unexpectedly")})

    def _usage(self, answer: Answer) -> dict[str, Any]:
        return super()._usage(answer) | {"cost": 0.00042, "is_byok": False}

    def stream(self, answer: Answer, body: dict[str, Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        head, deltas, tail = super().stream(answer, body)
        return [b": OPENROUTER PROCESSING\n\n", *head], deltas, tail


class NvidiaDialect(OpenAIDialect):
    """Problem details in place of an error object; usage details may be null."""

    path = "/nvidia/v1/chat/completions"
    models_path = "/nvidia/v1/models"

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"status": status, "title": "Problem", "detail": message}

    def _usage(self, answer: Answer) -> dict[str, Any]:
        return super()._usage(answer) | {"prompt_tokens_details": None, "completion_tokens_details": None}


FOLLOWERS = (
    MistralDialect,
    CloudflareDialect,
    XaiDialect,
    GroqDialect,
    DeepSeekDialect,
    OpenRouterDialect,
    NvidiaDialect,
)
