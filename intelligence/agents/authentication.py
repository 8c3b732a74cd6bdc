"""An agent's token on the addresses that take one; nothing else signs anybody in there."""

from typing import Any

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from intelligence.agents import credentials, tokens
from intelligence.agents.callers import Caller


class AgentUser:
    """Who a request with an agent's token comes from. It has no role, so that nothing made for people lets it in;
    what it may do stands in its `Caller`."""

    is_authenticated = True
    is_active = is_superuser = is_staff = is_anonymous = False
    pk = None

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def get_username(self) -> str:
        return f"agent {self.caller.agent_id}" if self.caller.agent_id else f"user {self.caller.owner_id}"


class AgentAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <JWT of POST /api/v1/ops/token/>`. `request.auth` is the `Caller`."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not tokens.is_one(secret.strip()):
            return None
        try:
            caller = credentials.caller_of(secret.strip())
        except tokens.TokenRefused as error:
            credentials.note_wrong("ops_token", error.why, request.META.get("REMOTE_ADDR") or "")
            raise exceptions.AuthenticationFailed(error.message, code=error.code) from None
        return AgentUser(caller), caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class OnlyAgents(AgentAuthentication):
    """The same where nobody else is let in: a user's token or cookie, or none, is refused."""

    def authenticate(self, request: Request) -> tuple[Any, Caller]:
        found = super().authenticate(request)
        if found is None:
            if request.headers.get("Authorization"):
                credentials.note_wrong("ops_token", "no_ops_token", request.META.get("REMOTE_ADDR") or "")
            raise exceptions.NotAuthenticated(
                "Send a token of POST /api/v1/ops/token/ as `Authorization: Bearer`.", code="not_authenticated"
            )
        return found
