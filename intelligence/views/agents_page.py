"""`/agents/`: which agents there are, what each did; making one, a new key, revoking, stopping all."""

from typing import Any

from django.contrib import messages
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents import agent_pages, roster
from intelligence.agents.agent_serializers import AgentNew
from providers.exceptions import InvalidInput
from providers.serializers import CSRF_FIELD

LIST, ONE = "intelligence/agents.html", "intelligence/agent.html"


@extend_schema(exclude=True)
class Agents(APIView):
    def get(self, request: Request) -> Response:
        return Response(agent_pages.agents_page(request.user), template_name=LIST)

    def post(self, request: Request) -> Response:
        """The page with the new key on it: it is shown this once."""
        given = {name: value for name, value in request.data.items() if name != CSRF_FIELD}
        if hasattr(request.data, "getlist"):
            given["scopes"] = request.data.getlist("scopes")
        form = AgentNew(data=given)
        errors = (
            {} if form.is_valid() else {name: [str(one) for one in said] for name, said in form.errors.items()}
        )
        if not errors:
            fields = form.validated_data
            try:
                agent, key = roster.create(request.user, fields["name"], fields["owner"], fields["scopes"])
            except InvalidInput as error:
                errors = error.errors or {"": [error.message]}
        if errors:
            page = agent_pages.agents_page(request.user)
            return Response({**page, "errors": errors, "values": given}, 400, template_name=LIST)
        made = {"name": agent.name, "secret": key}
        page = agent_pages.agents_page(request.user)
        return Response({**page, "new_key": made, "base_url": _base(request)}, 201, template_name=LIST)


@extend_schema(exclude=True)
class AgentPage(APIView):
    def get(self, request: Request, pk: Any) -> Response:
        agent = roster.found(request.user, pk)
        return Response(agent_pages.agent_page(request.user, agent), template_name=ONE)


@extend_schema(exclude=True)
class Rotate(APIView):
    def post(self, request: Request, pk: Any) -> Response:
        agent = roster.found(request.user, pk)
        key, until = roster.rotate(request.user, agent, revoke_old=bool(request.data.get("revoke_old")))
        page = agent_pages.agent_page(request.user, agent)
        made = {"name": agent.name, "secret": key, "old_until": until.isoformat() if until else None}
        return Response({**page, "new_key": made, "base_url": _base(request)}, template_name=ONE)


@extend_schema(exclude=True)
class Revoke(APIView):
    def post(self, request: Request, pk: Any) -> Response:
        agent = roster.found(request.user, pk)
        if request.data.get("typed") != agent.name:
            raise InvalidInput(f"Type {agent.name} to revoke it.", param="typed")
        roster.revoke(request.user, agent, str(request.data.get("reason", "")))
        messages.success(request, f"{agent.name} is revoked.")
        where = reverse("intelligence:agent", args=[agent.pk])
        return Response({"id": str(agent.pk), "active": False}, headers={"Location": where})


@extend_schema(exclude=True)
class StopAll(APIView):
    def post(self, request: Request) -> Response:
        stop = str(request.data.get("stopped", "1")) != "0"
        if stop and request.data.get("typed") != "stop":
            raise InvalidInput("Type stop to stop all agents.", param="typed")
        row = (roster.stop_all if stop else roster.resume)(request.user, str(request.data.get("reason", "")))
        messages.success(request, "All agents are stopped." if row.stopped else "Agents may work again.")
        return Response(agent_pages.stop_row(), headers={"Location": reverse("intelligence:agents")})


def _base(request: Request) -> str:
    return request.build_absolute_uri("/api/v1/ops")
