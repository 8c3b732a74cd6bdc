"""Fixes as JSON."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.fleet import services
from intelligence.models import Deployment
from jules import autofix, rows
from jules.models import FixAttempt
from jules.serializers import Attempt, AttemptRow, FixWish, HistoryFilters, Started
from providers.exceptions import NotFound
from providers.rates.throttles import AIAnalysisRateThrottle


class Pages(PageNumberPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"


def visible(user: Any, pk: int) -> FixAttempt:
    """Errors: NotFound, the same for an unknown id and for one that the user may not see."""
    found = FixAttempt.objects.visible_to(user).filter(pk=pk).select_related("service", "deployment", "approval")
    attempt = found.first()
    if attempt is None:
        raise NotFound("There is no such fix for you.")
    return attempt


def failed_deployment(user: Any, pk: Any) -> Deployment:
    found = Deployment.objects.visible_to(user).filter(pk=pk).select_related("service", "fixes").first()
    if found is None:
        raise NotFound("There is no such deployment for you.", param="deployment_id")
    return found


class Fix(APIView):
    throttle_classes = [AIAnalysisRateThrottle]

    @extend_schema(
        operation_id="jules_fix",
        summary="Fix a failed deployment",
        description="202 at once: the work is a row that `GET /api/v1/jules/attempts/{id}/` follows. A fix that "
        "is open already is given back. `engine`: local (recipes, no model), chat, senate or jules; else the "
        "service's own.",
        request=FixWish,
        responses={202: Started},
    )
    def post(self, request: Request) -> Response:
        form = FixWish(data=request.data)
        form.is_valid(raise_exception=True)
        deployment = failed_deployment(request.user, form.validated_data["deployment_id"])
        attempt = autofix.start(deployment, request.user, form.validated_data["engine"])
        url = reverse("jules:api-attempt", args=[attempt.pk])
        told = {"attempt_id": attempt.pk, "state": attempt.state, "url": url}
        return Response(told, 202, headers={"Location": url})


class History(APIView):
    @extend_schema(
        operation_id="jules_history",
        summary="A service's fixes, newest first",
        parameters=[HistoryFilters],
        responses=AttemptRow(many=True),
    )
    def get(self, request: Request, pk: Any) -> Response:
        service = services.found(request.user, pk)
        query = HistoryFilters(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = {name: value for name, value in query.validated_data.items() if value is not None}
        pages = Pages()
        found = FixAttempt.objects.visible_to(request.user).filter(service=service, **wanted)
        found = found.select_related("service")
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response([rows.row_of(attempt) for attempt in page or []])


class One(APIView):
    @extend_schema(operation_id="jules_attempt", summary="One fix, with its steps and proof", responses=Attempt)
    def get(self, request: Request, pk: int) -> Response:
        return Response(rows.whole_of(visible(request.user, pk)))


class Retry(APIView):
    throttle_classes = [AIAnalysisRateThrottle]

    @extend_schema(
        operation_id="jules_retry",
        summary="Go on with a failed fix from the step that failed",
        request=None,
        responses={202: Started},
    )
    def post(self, request: Request, pk: int) -> Response:
        attempt = autofix.retry(visible(request.user, pk), request.user)
        url = reverse("jules:api-attempt", args=[pk])
        return Response({"attempt_id": pk, "state": attempt.state, "url": url}, 202, headers={"Location": url})
