"""Services and their deployments as JSON."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.fleet import deployments, services
from intelligence.fleet.serializers import DeploymentNew, DeploymentRow, ServiceFields, ServiceRow
from intelligence.models import Deployment


class Pages(PageNumberPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"


def row_of(service: Any) -> dict[str, Any]:
    return services.as_dict(service) | {"url": reverse("intelligence:api-service", args=[service.pk])}


class ServiceList(APIView):
    @extend_schema(
        operation_id="services_list", summary="Services that you may see", responses=ServiceRow(many=True)
    )
    def get(self, request: Request) -> Response:
        pages = Pages()
        page = pages.paginate_queryset(services.listed(request.user), request, view=self)
        return pages.get_paginated_response([row_of(service) for service in page or []])

    @extend_schema(
        operation_id="services_create", summary="Add a service", request=ServiceFields, responses={201: ServiceRow}
    )
    def post(self, request: Request) -> Response:
        form = ServiceFields(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(row_of(services.create(request.user, form.validated_data)), 201)


class ServiceOne(APIView):
    @extend_schema(operation_id="service", summary="One service", responses=ServiceRow)
    def get(self, request: Request, pk: Any) -> Response:
        return Response(row_of(services.found(request.user, pk)))

    @extend_schema(
        operation_id="service_update",
        summary="Change a service",
        description="A new repository or forge address without `forge_token` clears the saved token.",
        request=ServiceFields(partial=True),
        responses=ServiceRow,
    )
    def patch(self, request: Request, pk: Any) -> Response:
        service = services.found(request.user, pk)
        form = ServiceFields(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        return Response(row_of(services.save(service, form.validated_data)))


class DeploymentList(APIView):
    @extend_schema(
        operation_id="deployments_list",
        summary="A service's deployments, newest first",
        responses=DeploymentRow(many=True),
    )
    def get(self, request: Request, pk: Any) -> Response:
        pages = Pages()
        rows = Deployment.objects.visible_to(request.user).filter(service=services.found(request.user, pk))
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(DeploymentRow(page, many=True).data)

    @extend_schema(
        operation_id="deployments_create",
        summary="Deploy, or record a deployment",
        description="Without `status` the service's own deployer is queued. With `status`, a deployment that "
        "happened elsewhere is recorded.",
        request=DeploymentNew,
        responses={201: DeploymentRow, 202: DeploymentRow},
    )
    def post(self, request: Request, pk: Any) -> Response:
        service = services.found(request.user, pk)
        form = DeploymentNew(data=request.data)
        form.is_valid(raise_exception=True)
        fields = dict(form.validated_data)
        if "status" in fields:
            made = deployments.report(service, request.user, **fields)
            return Response(DeploymentRow(made).data, 201)
        fields.pop("log", None)
        return Response(DeploymentRow(deployments.queue(service, request.user, **fields)).data, 202)
