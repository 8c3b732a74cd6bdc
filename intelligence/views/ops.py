"""The ops API as agents use it: a token for a key, the tools, a call."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents import credentials, gate
from intelligence.agents.agent_serializers import Called, TokenMade, TokenWish, ToolArguments, ToolRows, Waits
from intelligence.agents.authentication import OnlyAgents


class Token(APIView):
    """POST asks nobody to be signed in: the key in the body counts. DELETE ends the token it is called with."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        ending = self.request is not None and self.request.method == "DELETE"
        return [OnlyAgents()] if ending else super().get_authenticators()

    @extend_schema(
        operation_id="ops_token",
        summary="A token of at most 15 minutes, for an agent's key or a person's session",
        description="With `agent_key`, a token of that agent. Without it the caller's session or API token "
        "counts: with `agent`, a token of that agent of theirs, else of their own.",
        request=TokenWish,
        responses=TokenMade,
    )
    def post(self, request: Request) -> Response:
        form = TokenWish(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        asked, lasts = given.get("scopes"), given.get("expires_in")
        if key := given.get("agent_key"):
            address = request.META.get("REMOTE_ADDR") or ""
            token, claims = credentials.for_key(key, asked, lasts, address)
        elif request.user.is_authenticated:
            token, claims = credentials.for_person(request.user, given.get("agent"), asked, lasts)
        else:
            raise exceptions.NotAuthenticated("Send an agent_key, or sign in.", code="not_authenticated")
        lives = claims.expires_at - claims.issued_at
        return Response({"token": token, "expires_in": lives, "scopes": sorted(claims.scopes)})

    @extend_schema(
        operation_id="ops_token_end", summary="Give the token back before its time", responses={204: None}
    )
    def delete(self, request: Request) -> Response:
        credentials.give_back(request.auth)
        return Response(status=204)


class Tools(APIView):
    authentication_classes = [OnlyAgents]

    @extend_schema(operation_id="ops_tools", summary="The tools that this token may call", responses=ToolRows)
    def get(self, request: Request) -> Response:
        return Response({"tools": [asdict(one) for one in gate.tools(request.auth)]})


class ToolCall(APIView):
    authentication_classes = [OnlyAgents]

    @extend_schema(
        operation_id="ops_tool_call",
        summary="Call a tool",
        description="200 with its result, or 202 with the approval that it waits for. `Idempotency-Key` makes a "
        "repeat give what the first call gave.",
        request=ToolArguments,
        responses={200: Called, 202: Waits},
    )
    def post(self, request: Request, name: str) -> Response:
        form = ToolArguments(data=request.data)
        form.is_valid(raise_exception=True)
        key = request.headers.get("Idempotency-Key")
        outcome = gate.call(request.auth, name, form.validated_data["arguments"], idempotency_key=key)
        headers = {"Idempotent-Replayed": "true"} if outcome.replayed else {}
        if outcome.approval_id is None:
            return Response({"result": outcome.result}, headers=headers)
        url = reverse("intelligence:api-approval", args=[outcome.approval_id])
        told: dict[str, Any] = {"approval_id": str(outcome.approval_id), "url": url}
        return Response(told, 202, headers={"Location": url, **headers})
