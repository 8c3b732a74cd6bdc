"""`POST /api/v1/services/{id}/samples/`: what a service uses; GET: what that says of its resources."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.fleet import samples, services
from intelligence.fleet.serializers import SampleFields, SampleFindings, Samples, SamplesTaken


class ServiceSamples(APIView):
    @extend_schema(
        operation_id="service_samples",
        summary="What a service's samples say of its resources",
        responses=SampleFindings,
    )
    def get(self, request: Request, pk: Any) -> Response:
        service = services.found(request.user, pk)
        points = samples.points(service)
        newest = points[-1] if points else None
        found = [finding.as_dict() for finding in samples.findings(service)]
        shown = {"at": newest.at, **{name: getattr(newest, name) for name in samples.FIELDS}} if newest else None
        return Response({"samples": len(points), "newest": shown, "findings": found})

    @extend_schema(
        operation_id="service_samples_add",
        summary="Add samples",
        description="`samples`, up to 1,000, or one sample's fields. `cpu_percent` is of what it may use; "
        "`restarts` and `oom_kills` are counters that only grow. A second sample of the same moment replaces "
        "the first; without `at` it is now.",
        request=Samples,
        responses={201: SamplesTaken},
    )
    def post(self, request: Request, pk: Any) -> Response:
        service = services.found(request.user, pk)
        several = "samples" in request.data
        form = (Samples if several else SampleFields)(data=request.data)
        form.is_valid(raise_exception=True)
        taken = form.validated_data["samples"] if several else [form.validated_data]
        return Response({"taken": samples.take(service, taken)}, 201)
