"""Hooks of the OpenAPI schema: only /api/ paths, and the chat lane, which is no Django view."""

from typing import Any


def only_api(endpoints: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def add_chat_lane(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    return result
