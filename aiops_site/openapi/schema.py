"""Hooks of the OpenAPI schema: only /api/ paths, the chat lane, which is no Django view, and who may ask."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from senate.lane.chat_request import ChatRequest


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "aiops_site.sign_in.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of this site, from the account page."}


class AgentScheme(OpenApiAuthenticationExtension):
    target_class = "intelligence.agents.authentication.AgentAuthentication"
    name = "ops_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        about = "A token of POST /api/v1/ops/token/, for 15 minutes at most."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": about}


class OnlyAgentScheme(AgentScheme):
    target_class = "intelligence.agents.authentication.OnlyAgents"
    name = "ops_token_alone"  # its addresses take nothing else


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "aiops_site.sign_in.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


def only_api(endpoints: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


LANE = "/api/v1/ai/chat/"
ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "code": {"type": "string"},
                "param": {"type": ["string", "null"]},
            },
        }
    },
}
COMPLETION = {
    "type": "object",
    "description": "OpenAI's chat completion; `metadata`: mode, provider, cost_usd, log_id, and a Senate's votes.",
    "properties": {
        "id": {"type": "string"},
        "object": {"type": "string"},
        "created": {"type": "integer"},
        "model": {"type": "string"},
        "choices": {"type": "array", "items": {"type": "object"}},
        "usage": {"type": "object"},
        "metadata": {"type": "object"},
    },
}
REFUSALS = {
    "400": "A field can't be used",
    "401": "No valid token",
    "403": "The role may not ask",
    "413": "The body is over 2 MB",
    "429": "A cap or the rate would be passed",
    "502": "The provider failed",
    "503": "No provider is configured",
}


def add_chat_lane(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """The chat endpoints stand beside Django, so their part of the schema is made from their request model."""
    body = ChatRequest.model_json_schema(ref_template="#/components/schemas/Chat{model}")
    parts = body.pop("$defs", {})
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {f"Chat{name}": part for name, part in parts.items()}
    schemas |= {"ChatRequest": body, "ChatCompletion": COMPLETION, "Error": ERROR}
    security = [{TokenScheme.name: []}, {SessionScheme.name: []}]
    for path, summary in (
        ("completions", "Ask one model or a committee (any OpenAI client)"),
        ("completions/", "The same, with a last slash"),
        ("stream/", "The same, always as server-sent events"),
    ):
        result["paths"][LANE + path] = {"post": _operation(path, summary, security)}
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


def _operation(path: str, summary: str, security: list[dict[str, Any]]) -> dict[str, Any]:
    streams = {"text/event-stream": {"schema": {"type": "string"}}}
    whole = {"application/json": {"schema": {"$ref": "#/components/schemas/ChatCompletion"}}}
    good = {"description": "The answer", "content": streams if path == "stream/" else whole | streams}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses = {status: {"description": words, "content": error} for status, words in REFUSALS.items()}
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/ChatRequest"}}}
    return {
        "operationId": "chat_" + path.strip("/") + ("_slash" if path == "completions/" else ""),
        "summary": summary,
        "tags": ["ai"],
        "requestBody": {"required": True, "content": body},
        "security": security,
        "responses": {"200": good, **responses},
    }
