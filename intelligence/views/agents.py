"""Agents as JSON: made, given new keys, revoked, all stopped."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents import roster
from intelligence.agents.agent_serializers import (
    AgentChange,
    AgentMade,
    AgentNew,
    AgentRow,
    Reason,
    Rotated,
    Rotation,
    Switch,
    SwitchState,
)
from intelligence.models import AgentStop
from intelligence.views.services import Pages


class AgentList(APIView):
    @extend_schema(
        operation_id="agents_list", summary="Agents, with their live keys", responses=AgentRow(many=True)
    )
    def get(self, request: Request) -> Response:
        pages = Pages()
        page = pages.paginate_queryset(roster.listed(request.user), request, view=self)
        return pages.get_paginated_response(AgentRow(page, many=True).data)

    @extend_schema(
        operation_id="agents_create",
        summary="Make an agent; its key is shown this once",
        request=AgentNew,
        responses={201: AgentMade},
    )
    def post(self, request: Request) -> Response:
        form = AgentNew(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        agent, key = roster.create(
            request.user, given["name"], given["owner"], given["scopes"], given["calls_per_minute"]
        )
        url = reverse("intelligence:api-agent", args=[agent.pk])
        return Response({"id": agent.pk, "name": agent.name, "agent_key": key}, 201, headers={"Location": url})


class AgentOne(APIView):
    @extend_schema(operation_id="agent", summary="One agent", responses=AgentRow)
    def get(self, request: Request, pk: Any) -> Response:
        return Response(AgentRow(roster.found(request.user, pk)).data)

    @extend_schema(
        operation_id="agent_change",
        summary="Change what an agent may; it holds for tokens that are out too",
        request=AgentChange,
        responses=AgentRow,
    )
    def patch(self, request: Request, pk: Any) -> Response:
        form = AgentChange(data=request.data)
        form.is_valid(raise_exception=True)
        roster.change_scopes(request.user, roster.found(request.user, pk), form.validated_data["scopes"])
        return Response(AgentRow(roster.found(request.user, pk)).data)


class Rotate(APIView):
    @extend_schema(
        operation_id="agent_rotate",
        summary="A new key; the one before it lives on for a day",
        request=Rotation,
        responses=Rotated,
    )
    def post(self, request: Request, pk: Any) -> Response:
        form = Rotation(data=request.data)
        form.is_valid(raise_exception=True)
        key, until = roster.rotate(request.user, roster.found(request.user, pk), **form.validated_data)
        return Response({"agent_key": key, "old_key_until": until})


class Revoke(APIView):
    @extend_schema(
        operation_id="agent_revoke",
        summary="End an agent, its keys and its tokens at once",
        request=Reason,
        responses=AgentRow,
    )
    def post(self, request: Request, pk: Any) -> Response:
        form = Reason(data=request.data)
        form.is_valid(raise_exception=True)
        agent = roster.found(request.user, pk)
        roster.revoke(request.user, agent, form.validated_data["reason"])
        return Response(AgentRow(roster.found(request.user, pk)).data)


class KillSwitch(APIView):
    @extend_schema(operation_id="kill_switch", summary="Whether all agents are stopped", responses=SwitchState)
    def get(self, request: Request) -> Response:
        row = AgentStop.objects.filter(pk=1).select_related("by").first() or AgentStop()
        return Response(SwitchState(row).data)

    @extend_schema(
        operation_id="kill_switch_set",
        summary="Stop all agents, or let them work again (admins)",
        request=Switch,
        responses=SwitchState,
    )
    def post(self, request: Request) -> Response:
        form = Switch(data=request.data)
        form.is_valid(raise_exception=True)
        act = roster.stop_all if form.validated_data["stopped"] else roster.resume
        return Response(SwitchState(act(request.user, form.validated_data["reason"])).data)
