"""What all dialects of the fake upstream share."""

import json
from dataclasses import dataclass, field
from typing import Any

from providers.wires.canned import SchemaFiller, prose
from providers.wires.canned_words import PERSONAS
from tests.fakes.calling import FakeCall, Offer, openai_offer

STATUS_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass
class Answer:
    """One answer to be dressed. `usage` is what the two counts are reported as; None reports nothing."""

    id: str
    model: str
    text: str | None
    tokens_in: Any
    tokens_out: Any
    finish: str = "stop"
    reports_usage: bool = True
    pieces: list[str] = field(default_factory=list)
    calls: list[FakeCall] = field(default_factory=list)


def loose_objects(schema: Any) -> bool:
    """Whether some object in the schema lacks what strict mode asks for."""
    if isinstance(schema, list):
        return any(loose_objects(one) for one in schema)
    if not isinstance(schema, dict):
        return False
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        strict = schema.get("additionalProperties") is False
        if not strict or set(schema.get("required", ())) != set(properties or ()):
            return True
    return any(loose_objects(one) for one in schema.values())


def persona_of(model: str) -> str:
    named = next((one for one in PERSONAS if one in model), None)
    return named or PERSONAS[sum(model.encode()) % len(PERSONAS)]


def written(model: str, question: str, system: str, schema: dict[str, Any] | None) -> str:
    if schema is None:
        return prose(persona_of(model), question, system)
    return json.dumps(SchemaFiller(schema, persona_of(model), question).value())


def sse(data: Any, name: str = "") -> bytes:
    """One event of a stream."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


class Dialect:
    """What one protocol says, and where. `path` takes its calls; `models_path` is the test of a key."""

    path = ""
    models_path = ""
    content_type = "text/event-stream; charset=utf-8"
    broken_event = b'data: {"id": "x", "choi\n\n'
    call_ids = "call_{}"
    key_header = "Authorization"
    keyless = False

    def key(self, headers: Any) -> str:
        return str(headers.get(self.key_header, "")).removeprefix("Bearer ")

    def key_refusal(self, shown: str) -> tuple[int, dict[str, Any]]:
        """Status and body for a key that it doesn't know."""
        return 401, self.error(401, f"Incorrect API key provided: {shown}.")

    def headers(self, status: int) -> dict[str, str]:
        return {"Retry-After": "7"} if status == 429 else {}

    def model(self, body: dict[str, Any], path: str) -> str:
        return str(body.get("model"))

    def streams(self, body: dict[str, Any], path: str) -> bool:
        return bool(body.get("stream"))

    def question(self, body: dict[str, Any]) -> str:
        return str(body["messages"][-1].get("content"))

    def offer(self, body: dict[str, Any]) -> Offer:
        """The tools that a request offers."""
        return openai_offer(body)

    def emptied(self, data: dict[str, Any]) -> dict[str, Any]:
        """A whole answer with nothing in it to choose from."""
        return data | {"choices": []}

    def error(self, status: int, message: str) -> dict[str, Any]:
        raise NotImplementedError
