"""One deployment and its log as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.fleet import deployments
from intelligence.fleet.serializers import DeploymentChange, DeploymentRow, LogLines, LogPiece, LogQuery, LogSize
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor

visible = deployments.found


class DeploymentOne(APIView):
    @extend_schema(operation_id="deployment", summary="One deployment", responses=DeploymentRow)
    def get(self, request: Request, pk: Any) -> Response:
        return Response(DeploymentRow(visible(request.user, pk)).data)

    @extend_schema(
        operation_id="deployment_update",
        summary="Report a new status",
        request=DeploymentChange,
        responses=DeploymentRow,
    )
    def patch(self, request: Request, pk: Any) -> Response:
        deployment = visible(request.user, pk)
        form = DeploymentChange(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(DeploymentRow(deployments.reported(deployment, **form.validated_data)).data)


class DeploymentLog(APIView):
    @extend_schema(
        operation_id="deployment_log", summary="Lines of the log", parameters=[LogQuery], responses=LogLines
    )
    def get(self, request: Request, pk: Any) -> Response:
        deployment = visible(request.user, pk)
        query = LogQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        lines = logbook.read(deployment, **query.validated_data)
        return Response({"first": lines.first, "lines": list(lines.text), "total": lines.total})

    @extend_schema(
        operation_id="deployment_log_append",
        summary="Add text at the end of the log",
        request=LogPiece,
        responses=LogSize,
    )
    def post(self, request: Request, pk: Any) -> Response:
        deployment = visible(request.user, pk)
        form = LogPiece(data=request.data)
        form.is_valid(raise_exception=True)
        logbook.append(deployment.pk, form.validated_data["log"], redactor())
        deployment.refresh_from_db()
        return Response({"log_bytes": deployment.log_bytes, "log_lines": deployment.log_lines})
