"""Approvals as JSON and, for those who decide, as forms on their page."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents.authentication import AgentAuthentication
from intelligence.agents.callers import Caller
from intelligence.approval import approvals
from intelligence.models import Approval
from intelligence.views.services import Pages
from providers.exceptions import NotFound
from providers.serializers import Strict


class Decision(Strict):
    decision = serializers.ChoiceField(["approve", "deny"])
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2_000, default="")
    typed = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        default="",
        help_text="the target's name, where destructive",
    )


class Wait(Strict):
    wait = serializers.FloatField(required=False, default=0, min_value=0, max_value=25)


class ApprovalRow(serializers.Serializer):
    id = serializers.UUIDField()
    act = serializers.CharField()
    arguments = serializers.JSONField()
    target = serializers.CharField()
    digest = serializers.CharField(help_text="binds act, arguments and the target's state")
    risk = serializers.CharField(help_text="read, write or destructive")
    title = serializers.CharField()
    why = serializers.CharField()
    evidence_url = serializers.CharField()
    touches = serializers.JSONField(help_text="the blast radius, [[label, value], …]")
    changes = serializers.JSONField(help_text="the dry run, [[what, now, then], …]")
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    requester = serializers.CharField()
    state = serializers.CharField(
        help_text="pending, approved, executing, done, failed, denied, expired, changed or cancelled"
    )
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_why = serializers.CharField()
    result = serializers.JSONField(allow_null=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


def rows(user: Any) -> Any:
    approvals.expire()
    return Approval.objects.visible_to(user).select_related("decided_by", "requested_by")


class ApprovalList(APIView):
    @extend_schema(
        operation_id="approvals_list", summary="Approvals, newest first", responses=ApprovalRow(many=True)
    )
    def get(self, request: Request) -> Response:
        found = rows(request.user)
        if request.query_params.get("state") == "pending":
            found = found.filter(state="pending")
        pages = Pages()
        return pages.get_paginated_response(
            ApprovalRow(pages.paginate_queryset(found, request, view=self), many=True).data
        )


class ApprovalOne(APIView):
    authentication_classes = [AgentAuthentication, *APIView.authentication_classes]

    @extend_schema(
        operation_id="approval",
        summary="One approval",
        description="An agent's token reads what that agent asked for. `?wait=SECONDS` (up to 25) answers as "
        "soon as it has ended.",
        parameters=[Wait],
        responses=ApprovalRow,
    )
    def get(self, request: Request, pk: Any) -> Response:
        query = Wait(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asks = request.auth if isinstance(request.auth, Caller) else None
        found = approvals.of_caller(asks) if asks else rows(request.user)
        one = approvals.waited_for(found.filter(pk=pk), query.validated_data["wait"])
        if one is None:
            raise NotFound("There is no such approval for you.")
        return Response(ApprovalRow(one).data)

    @extend_schema(
        operation_id="approval_decide",
        summary="Approve or deny",
        description="What is approved is executed at once, exactly as it was asked for, and at most once. The "
        "requester can't decide. A destructive act wants its target's name in `typed`.",
        request=Decision,
        responses=ApprovalRow,
    )
    def post(self, request: Request, pk: Any) -> Response:
        form = Decision(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(ApprovalRow(approvals.decide(pk, request.user, **form.validated_data)).data)
