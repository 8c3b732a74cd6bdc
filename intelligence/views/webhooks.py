"""`/api/v1/webhooks/{source}/`: open to everybody, and believed only where it is signed."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.webhooks import inbox
from intelligence.webhooks.signatures import SOURCES, Refused
from providers.exceptions import NotFound

ANSWER = inline_serializer(
    "WebhookAnswer",
    {
        "state": serializers.ChoiceField(["accepted", "ignored", "duplicate"]),
        "note": serializers.CharField(allow_blank=True),
    },
)


class Raw(BaseParser):
    """The body as it came: a signature is of bytes."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> bytes:
        return stream.read(inbox.MOST_BYTES + 1)


class Webhook(APIView):
    authentication_classes = ()
    permission_classes = ()
    parser_classes = (Raw,)

    @extend_schema(
        operation_id="webhook",
        summary="What a forge or host tells of a deployment",
        description="Signed as the source signs (github, gitlab, vercel, render), with Standard Webhooks "
        "(generic), or with a bearer token (alertmanager); the secret is the service's `webhook_secret` or the "
        "site's `<SOURCE>_WEBHOOK_SECRET`. The service is found by the repository's address, by its name, or by "
        "`?service=`. A delivery that was here before changes nothing.",
        parameters=[OpenApiParameter("service", OpenApiTypes.UUID)],
        request=OpenApiTypes.OBJECT,
        responses={202: ANSWER},
        auth=[],
    )
    def post(self, request: Request, source: str) -> Response:
        if source not in SOURCES:
            raise NotFound(f"Webhooks come from {', '.join(SOURCES)}.")
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.data if isinstance(request.data, bytes) else b""
        try:
            found, new = inbox.receive(source, headers, body, request.query_params.get("service", ""))
        except Refused as refused:
            error = {"message": refused.sentence, "type": "webhook_refused", "code": refused.code, "param": None}
            return Response({"error": error}, refused.status)
        state = "duplicate" if not new else "ignored" if found.state == "ignored" else "accepted"
        return Response({"state": state, "note": found.note}, 202)
