"""What every operation of the API shares, said on each: its errors in one shape, JSON alone, an example body."""

from typing import Any

SHARED = {
    "401": "No token, or one that is not valid here",
    "403": "The role may not do this",
    "429": "A cap or a rate would be passed; `Retry-After` says when to come again",
    "503": "A part of the site that this needs is away, or no provider is configured",
}
WITH_INPUT = {"400": "A field or parameter can't be used; `param` names it"}
WITH_BODY = {"413": "The body is too large", "415": "The content type is not one that is taken"}
WITH_ID = {"404": "Nothing is there, or nothing that you may see"}
EXAMPLES: dict[str, dict[str, Any]] = {
    "POST /api/v1/ai/chat/completions": {
        "model": "auto",
        "messages": [{"role": "user", "content": "Why is my deploy stuck in HEALTH_CHECK?"}],
    },
    "POST /api/v1/ai/chat/completions/": {"messages": [{"role": "user", "content": "Say hello."}]},
    "PATCH /api/v1/ai/notifications/channels/{id}/": {"active": False},
    "PATCH /api/v1/intelligence/providers/{id}/": {"description": "Own key of the platform team"},
    "POST /api/v1/ai/chat/stream/": {"model": "senate", "messages": [{"role": "user", "content": "Roll back?"}]},
    "POST /api/v1/ai/cost-estimate/": {"model": "senate", "messages": [{"role": "user", "content": "Roll back?"}]},
    "POST /api/v1/ai/providers/update/": {"openai_api_key": "sk-...", "openai_model": "gpt-6-luna"},
    "POST /api/v1/ai/test/": {"provider": "openai"},
    "POST /api/v1/ai/analyze_logs/": {"log": "ModuleNotFoundError: No module named 'stripe'\n", "mode": "rules"},
    "PATCH /api/v1/ai/caps/{username}/": {
        "daily_cost_cap_usd": "15.00",
        "until": "tonight",
        "reason": "release day",
    },
    "PATCH /api/v1/ai/config/": {"daily_cost_limit_usd": "20.00", "max_retries": 3},
    "POST /api/v1/ai/notifications/channels/": {
        "kind": "webhook",
        "name": "on-call",
        "url": "https://hooks.example/1",
    },
    "POST /api/v1/senate/sessions/": {"question": "Raise the pool size or roll back?", "mode": "senate"},
    "PATCH /api/v1/senate/sessions/{id}/": {"visibility": "team"},
    "POST /api/v1/services/": {
        "name": "checkout-api",
        "repository_url": "https://git.shop.example/shop/checkout-api",
    },
    "PATCH /api/v1/services/{id}/": {"check_command": "pytest -q"},
    "POST /api/v1/services/{id}/deployments/": {"status": "FAILED", "commit": "a41f9c2", "log": "exit status 1\n"},
    "PATCH /api/v1/deployments/{id}/": {"status": "RUNNING"},
    "POST /api/v1/deployments/{id}/logs/": {"log": "Listening at 0.0.0.0:8000\n"},
    "POST /api/v1/services/{id}/samples/": {"cpu_percent": 41.5, "memory_bytes": 268435456, "restarts": 0},
    "PATCH /api/v1/incidents/{id}/": {"state": "resolved", "why": "Rolled back."},
    "PATCH /api/v1/recommendations/{id}/": {"state": "rejected", "why": "It hides the cause."},
    "POST /api/v1/intelligence/providers/": {"name": "Own", "provider": "openai", "config": {"api_key": "sk-..."}},
    "POST /api/v1/jules/fix/": {"deployment_id": "3b9f2f0e-6f0d-4c8e-9a35-4a0f6f0f2c11", "engine": "chat"},
    "PATCH /api/v1/ai/caps/": {"daily_cost_limit_usd": "20.00", "reason": "a busy week"},
    "POST /api/v1/ops/agents/runs/": {"question": "Why is checkout-api failing?", "may_act": False},
    "POST /api/v1/ops/agents/": {"name": "deploy-bot", "scopes": ["read"], "calls_per_minute": 30},
    "PATCH /api/v1/ops/agents/{id}/": {"scopes": ["read"]},
    "POST /api/v1/ops/agents/{id}/revoke/": {"reason": "Its machine is gone."},
    "POST /api/v1/ops/agents/{id}/rotate/": {"revoke_old": True},
    "POST /api/v1/ops/kill-switch/": {"stopped": True, "reason": "It restarts what runs."},
    "POST /api/v1/ops/token/": {"agent_key": "aiops_agent_...", "scopes": ["read"], "expires_in": 600},
    "POST /api/v1/ops/tools/{name}/": {"arguments": {"service": "checkout-api"}},
    "POST /api/v1/ops/approvals/{id}/": {"decision": "approve", "reason": "Looks right."},
}
# Their answers are pages of a list: {count, next, previous, results}.
PAGED = {
    "/api/v1/analyses/",
    "/api/v1/incidents/",
    "/api/v1/jules/history/{id}/",
    "/api/v1/ops/agents/",
    "/api/v1/ops/agents/runs/",
    "/api/v1/ops/approvals/",
    "/api/v1/recommendations/",
    "/api/v1/services/",
    "/api/v1/services/{id}/deployments/",
}
EXPORTS = {"/api/v1/audit/": "AuditEntry"}  # ?export=csv, or as one list of these
TEXTS = {"/api/v1/senate/sessions/{id}/"}  # ?as=markdown
METHODS = ("get", "post", "put", "patch", "delete")


def say_what_all_share(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """After all other hooks: it needs the whole schema, with the shape of errors in it."""
    _anything(result)
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                _json_alone(operation)
                _as_answered(path, method, operation)
                _errors(path, operation)
                _example(f"{method.upper()} {path}", operation)
    return result


def _anything(part: Any) -> None:
    """What may be anything may be null as well: `oneOf` of the two would refuse null, which is both."""
    if isinstance(part, dict):
        if part.get("oneOf") == [{}, {"type": "null"}]:
            del part["oneOf"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            _anything(one)


def _json_alone(operation: dict[str, Any]) -> None:
    """The pages' HTML is another clothes of the same view; nobody asks the API for it."""
    if "parameters" in operation:
        operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "format"]
    bodies = operation.get("requestBody", {}).get("content", {})
    if "application/json" in bodies:  # forms are what the pages send
        operation["requestBody"]["content"] = {"application/json": bodies["application/json"]}
    for answer in operation["responses"].values():
        if len(answer.get("content", {})) > 1:
            answer["content"].pop("text/html", None)


def _as_answered(path: str, method: str, operation: dict[str, Any]) -> None:
    """Lists as the pages that they come in; streams and exports, whose lines no schema describes."""
    content = operation["responses"].get("200", {}).get("content", {})
    whole = content.get("application/json", {})
    if method == "get" and path in PAGED and whole.get("schema", {}).get("type") == "array":
        whole["schema"] = {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer"},
                "next": {"type": ["string", "null"]},
                "previous": {"type": ["string", "null"]},
                "results": whole["schema"],
            },
        }
    if path in EXPORTS:
        rows = {"type": "array", "items": {"$ref": f"#/components/schemas/{EXPORTS[path]}"}}
        content["text/csv"] = {"schema": {}}
        whole["schema"] = {"oneOf": [whole["schema"], rows]}
    if method == "get" and path in TEXTS:
        content["text/markdown"] = {"schema": {"type": "string"}}
    if "text/event-stream" in content:
        content["text/event-stream"] = {"schema": {}}


def _errors(path: str, operation: dict[str, Any]) -> None:
    wanted = dict(SHARED)
    if operation.get("requestBody") or any(one["in"] == "query" for one in operation.get("parameters", ())):
        wanted |= WITH_INPUT
    if operation.get("requestBody"):
        wanted |= WITH_BODY
    if "{" in path:
        wanted |= WITH_ID
    shape = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for status, words in wanted.items():
        operation["responses"].setdefault(status, {"description": words, "content": shape})
    operation["responses"].setdefault(
        "default", {"description": "Any other error, in the same shape", "content": shape}
    )


def _example(name: str, operation: dict[str, Any]) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and name in EXAMPLES:
        body.setdefault("example", EXAMPLES[name])
