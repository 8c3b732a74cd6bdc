"""`GET /api/v1/ai/models`: what `model` may be, in the shape that OpenAI clients read."""

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.catalog import provider
from providers.configuration.directory import Directory, Entry

MODES = ("auto", "solo", "code-review", "senate")
MODEL = inline_serializer(
    "Model",
    {
        "id": serializers.CharField(),
        "object": serializers.CharField(),
        "created": serializers.IntegerField(),
        "owned_by": serializers.CharField(),
    },
)


class Models(APIView):
    @extend_schema(
        summary="Models that can be asked",
        responses=inline_serializer(
            "ModelList", {"object": serializers.CharField(), "data": serializers.ListField(child=MODEL)}
        ),
    )
    def get(self, request: Request) -> Response:
        return Response({"object": "list", "data": listing()})


def listing() -> list[dict[str, Any]]:
    """The four modes, then each configured provider by slug and with its model."""
    directory = Directory()
    mock = directory.entries[provider("mock").slug]
    entries = [e for e in [*directory.configured(), *([mock] if mock.configured else [])] if e.row.member]
    rows = [_row(mode, "aiops-console") for mode in MODES]
    for entry in entries:
        rows += [_row(name, entry.row.slug) for name in _names(entry)]
    return rows


def _names(entry: Entry) -> list[str]:
    return [entry.row.slug, f"{entry.row.slug}/{entry.model}"] if entry.model else []


def _row(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
