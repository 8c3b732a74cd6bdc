"""Hooks of the OpenAPI schema: only /api/ paths, the chat lane, which is no Django view, and who may ask."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "aiops_site.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of this site, from the account page."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "aiops_site.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


def only_api(endpoints: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def add_chat_lane(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    return result
