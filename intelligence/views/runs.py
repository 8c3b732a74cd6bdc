"""Troubleshooting runs as JSON."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents import run_rows, troubleshooter
from intelligence.fleet import services
from intelligence.models import AgentRun
from intelligence.views.services import Pages
from providers.exceptions import InvalidInput
from providers.rates.throttles import AIAnalysisRateThrottle
from providers.serializers import Strict
from providers.views.answers import fields_of


class AgentRunLimits(Strict):
    steps = serializers.IntegerField(required=False, min_value=1, help_text="calls of tools")
    seconds = serializers.IntegerField(required=False, min_value=1, help_text="at work, not waiting for a person")
    usd = serializers.DecimalField(12, 6, required=False, min_value=0)


class RunWish(Strict):
    question = serializers.CharField(trim_whitespace=False, max_length=troubleshooter.MOST_QUESTION)
    service_id = serializers.UUIDField(required=False, allow_null=True)
    may_act = serializers.BooleanField(
        required=False, default=False, help_text="it may ask for what changes something; a person still approves"
    )
    budget = AgentRunLimits(required=False)


class AgentRunSpent(serializers.Serializer):
    used = serializers.FloatField()
    most = serializers.FloatField()


class AgentRunMoney(serializers.Serializer):
    used = serializers.CharField()
    most = serializers.CharField()


class AgentRunBudget(serializers.Serializer):
    steps = AgentRunSpent()
    seconds = AgentRunSpent()
    usd = AgentRunMoney()


class AgentRunRow(serializers.Serializer):
    id = serializers.UUIDField()
    url = serializers.CharField()
    question = serializers.CharField()
    service = serializers.JSONField(allow_null=True, help_text="{id, name}")
    incident_id = serializers.UUIDField(allow_null=True)
    cause = serializers.CharField(help_text="asked, incident or cost")
    owner = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField(help_text="queued, running, waiting, done, partial, failed or cancelled")
    open = serializers.BooleanField()
    mind = serializers.CharField(help_text="model, or runbook: the fixed list")
    provider = serializers.CharField()
    model = serializers.CharField()
    fallback = serializers.CharField(help_text="why the fixed list went on where a model was to")
    answer = serializers.CharField()
    reason = serializers.CharField()
    budget = AgentRunBudget()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class AgentRunWhole(AgentRunRow):
    evidence = serializers.JSONField(help_text="[{url, label, says}], each of a row that a call gave")
    unproven = serializers.JSONField(help_text="[{url, says}] that no call gave")
    steps = serializers.JSONField(
        help_text="[{n, kind, text, tool, arguments, state, result, error, approval, …}]"
    )
    approvals = serializers.ListField(child=serializers.UUIDField(), help_text="what a person has to decide now")


class AgentRunStarted(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.CharField()
    url = serializers.CharField()


def started(request: Request) -> AgentRun:
    """The run that a form or JSON asks for. Errors: InvalidInput, NotFound, ValidationError."""
    given = fields_of(request)
    form = RunWish(data=given | {"service_id": given.get("service_id") or None})
    form.is_valid(raise_exception=True)
    wish = form.validated_data
    service = services.found(request.user, wish["service_id"]) if wish.get("service_id") else None
    about = {"may_act": wish["may_act"], "budget": wish.get("budget")}
    return troubleshooter.start(request.user, wish["question"], service, **about)


class RunList(APIView):
    def get_throttles(self) -> list[Any]:
        return [AIAnalysisRateThrottle()] if self.request.method == "POST" else []

    @extend_schema(operation_id="agent_runs", summary="Troubleshooting runs", responses=AgentRunRow(many=True))
    def get(self, request: Request) -> Response:
        pages = Pages()
        found = AgentRun.objects.visible_to(request.user).select_related("service", "owner")
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response([run_rows.row_of(run) for run in page or []])

    @extend_schema(
        operation_id="agent_run_start",
        summary="Ask about a service in plain words",
        description="202 at once; follow `GET /api/v1/ops/agents/runs/{id}/`. Tools are called on your rights "
        "and only read, unless `may_act`; where no model can be asked, a fixed list of looks answers.",
        request=RunWish,
        responses={202: AgentRunStarted},
    )
    def post(self, request: Request) -> Response:
        run = started(request)
        url = reverse("intelligence:api-agent-run", args=[run.pk])
        return Response({"id": run.pk, "state": run.state, "url": url}, 202, headers={"Location": url})


class RunOne(APIView):
    @extend_schema(operation_id="agent_run", summary="One run with its steps", responses=AgentRunWhole)
    def get(self, request: Request, pk: Any) -> Response:
        return Response(run_rows.whole_of(troubleshooter.found(request.user, pk)))


class RunCancel(APIView):
    @extend_schema(operation_id="agent_run_cancel", summary="Stop a run", request=None, responses=AgentRunWhole)
    def post(self, request: Request, pk: Any) -> Response:
        if request.data:
            raise InvalidInput("Send no body.")
        troubleshooter.cancel(request.user, troubleshooter.found(request.user, pk))
        return Response(run_rows.whole_of(troubleshooter.found(request.user, pk)))
