"""What settings name: who is asking, and whether the route table lets the role through."""

from typing import Any

from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from aiops_site.policy import allows
from aiops_site.web.errors import FOREIGN_FORM
from intelligence.agents.callers import Caller, named
from providers.access.identity import user_of_header
from providers.access.roles import role_of
from providers.exceptions import NotAllowed
from providers.trail import audit


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Token …` or `Bearer …`; a header that is there but wrong never falls back to a cookie."""

    def authenticate(self, request: Request) -> tuple[Any, str] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        user = user_of_header(header)
        if user is None:
            raise exceptions.AuthenticationFailed("That token is not valid here.", code="invalid_api_key")
        return user, "token"

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The cookie of a signed-in person, with REST framework's CSRF check."""

    def enforce_csrf(self, request: Request) -> None:
        # A JSON body holds no token to look for: looking would use up its bytes before the view.
        is_json = request.content_type.partition(";")[0].strip() == "application/json"
        try:
            super().enforce_csrf(request._request if is_json else request)
        except exceptions.PermissionDenied:
            raise NotAllowed(FOREIGN_FORM) from None


class PolicyPermission(permissions.BasePermission):
    """Denies every route and method that the table in `policy.py` does not name."""

    def has_permission(self, request: Request, view: Any) -> bool:
        name, method = request.resolver_match.view_name, request.method or ""
        if not isinstance(request.auth, Caller):
            return allows(name, method, role_of(request.user))
        allowed = allows(name, method, "agent")
        if not allowed:
            about = {"route": name, "method": method, "jti": request.auth.jti}
            audit.record("agent.refuse", named(request.auth), after=about, outcome="refused")
        return allowed
