"""`GET …/sessions/{id}/stream/`: the live feed as server-sent events, the same rows as the websocket's."""

from collections.abc import AsyncIterator
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from providers.exceptions import InvalidInput
from senate.live.events import feed
from senate.serializers import EventQuery
from senate.views.session import visible


class SessionStream(APIView):
    @extend_schema(
        operation_id="senate_session_stream",
        summary="A session as it happens, as server-sent events",
        description="Each event has `id: n` and the row of `GET …/events/` as its data. It goes on after the "
        "`Last-Event-ID` header, or after `?after=N`. A comment comes every 15 quiet seconds, `event: end` last.",
        parameters=[EventQuery, OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER)],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request, pk: int) -> Any:
        session = visible(request.user, pk)
        after = start_of(request)
        body: AsyncIterator[bytes] = feed(session.pk, request.user.pk, after)
        response = StreamingHttpResponse(body, content_type="text/event-stream; charset=utf-8")
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


def start_of(request: Request) -> int:
    """N of `Last-Event-ID: N`, else of `?after=N`, else 0. Errors: InvalidInput."""
    last = request.headers.get("Last-Event-ID", "").strip()
    if last:
        if not (last.isascii() and last.isdigit() and len(last) <= 9):
            raise InvalidInput("Last-Event-ID is the number of your last event.", param="Last-Event-ID")
        return int(last)
    query = EventQuery(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return int(query.validated_data["after"])
