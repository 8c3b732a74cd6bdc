"""The API's own pages: a list of its operations, and a page for each to try it. Their JSON is /api/schema/."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONOpenAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aiops_site.openapi import whole
from aiops_site.openapi.operations import Operation
from aiops_site.openapi.snippets import curl, python
from aiops_site.web.renderers import PageRenderer

# label, beginnings of paths; an operation belongs to the first that fits
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Chat", ("/api/v1/ai/chat/", "/api/v1/ai/cost-estimate/", "/api/v1/ai/models")),
    ("Senate", ("/api/v1/senate/",)),
    ("Usage and caps", ("/api/v1/ai/usage/", "/api/v1/ai/caps/")),
    ("Log analysis", ("/api/v1/ai/analyze_logs/", "/api/v1/analyses/", "/api/v1/intelligence/")),
    ("Services and deployments", ("/api/v1/services/", "/api/v1/deployments/", "/api/v1/webhooks/")),
    ("Incidents and advice", ("/api/v1/incidents/", "/api/v1/recommendations/")),
    ("Fixes", ("/api/v1/jules/",)),
    ("Agents and approvals", ("/api/v1/ops/",)),
    ("Audit log", ("/api/v1/audit/",)),
    ("Providers and settings", ("/api/v1/ai/",)),
)
LONGEST = 100


@extend_schema(exclude=True)
class ApiSchema(APIView):
    renderer_classes = [JSONOpenAPIRenderer]

    def get(self, request: Request) -> Response:
        return Response(whole.schema())


@extend_schema(exclude=True)
class ApiOperations(APIView):
    renderer_classes = [PageRenderer]

    def get(self, request: Request) -> Response:
        words = request.query_params.get("q", "").strip()[:LONGEST]
        groups = grouped([one for one in whole.shown().values() if fits(one, words)])
        data = {"q": words, "groups": groups, "base_url": request.build_absolute_uri("/api/v1/ai")}
        return Response(data, template_name="api/operations.html")


@extend_schema(exclude=True)
class ApiOperation(APIView):
    renderer_classes = [PageRenderer]

    def get(self, request: Request, name: str) -> Response:
        one = whole.shown().get(name)
        if one is None:
            raise NotFound("The API has no operation of this name.")
        site = request.build_absolute_uri("/").rstrip("/")
        data: dict[str, Any] = {
            "operation": one,
            "crumbs": [{"label": "API", "url": reverse("api-docs")}, {"label": group_of(one)}],
            "curl": curl(one, site),
            "python": python(one, site),
            "has_query": any(field.place == "query" for field in one.parameters),
            "good": [answer for answer in one.answers if not answer.is_error],
            "errors": [answer for answer in one.answers if answer.is_error],
        }
        return Response(data, template_name="api/operation.html")


def fits(one: Operation, words: str) -> bool:
    said = f"{one.method} {one.path} {one.name} {one.title} {one.about}".lower()
    return all(word in said for word in words.lower().split())


def group_of(one: Operation) -> str:
    """Raises LookupError where a new beginning of paths has no group yet."""
    for label, beginnings in GROUPS:
        if one.path.startswith(beginnings):
            return label
    raise LookupError(one.path)


def grouped(found: list[Operation]) -> list[dict[str, Any]]:
    """[{label, operations}], only groups that have some."""
    made: dict[str, list[Operation]] = {label: [] for label, _ in GROUPS}
    for one in found:
        made[group_of(one)].append(one)
    return [{"label": label, "operations": of} for label, of in made.items() if of]
