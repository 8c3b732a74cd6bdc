"""What can be done with a past session: ask it again, share it, compare it with its members alone."""

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from providers.access.roles import may
from providers.rates.throttles import AIChatRateThrottle
from senate import chat
from senate.serializers import Asked, Nothing
from senate.views.once import once
from senate.views.session import share, visible


class Again(APIView):
    throttle_classes = [AIChatRateThrottle]

    @extend_schema(
        operation_id="senate_session_again",
        summary="Ask a session's question again",
        request=Nothing,
        responses={202: Asked},
    )
    def post(self, request: Request, pk: int) -> Response:
        session = visible(request.user, pk)
        key = str(request.data.get("idempotency_key", ""))[:255]
        return once(request, f"again-{pk}", key, lambda kept: chat.again(request.user, session, on_stored=kept))


@extend_schema(exclude=True)
class Share(APIView):
    """The page's form; the API has PATCH on the session."""

    def post(self, request: Request, pk: int) -> Response:
        return share(request, pk)


class Compare(APIView):
    """The resolution beside each member's answer alone, with what each cost."""

    def get_throttles(self) -> list[BaseThrottle]:
        return [AIChatRateThrottle()] if self.request.method == "POST" else []

    @extend_schema(
        operation_id="senate_session_compared",
        summary="A committee's resolution beside its members' own answers",
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, pk: int) -> Response:
        session = visible(request.user, pk)
        return self._answer(request, pk, chat.compared(session))

    @extend_schema(
        operation_id="senate_session_compare",
        summary="Put the question to each member alone",
        request=Nothing,
        responses={202: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, pk: int) -> Response:
        Nothing(data=request.data).is_valid(raise_exception=True)
        compared = chat.compare(request.user, visible(request.user, pk))
        return self._answer(request, pk, compared, 202)

    def _answer(self, request: Request, pk: int, compared: dict[str, object], status: int = 200) -> Response:
        here = reverse("senate:compare", args=[pk])
        page = {
            "compare_url": here,
            "session_url": reverse("senate:session", args=[pk]),
            "may_ask": may(request.user, "ask models and the Senate"),
            "crumbs": [
                {"label": "Ask", "url": reverse("senate:list")},
                {"label": f"Session {pk}", "url": reverse("senate:session", args=[pk])},
                {"label": "Compare"},
            ],
        }
        headers = {"Location": here} if status == 202 else {}
        return Response({**compared, **page}, status, template_name="senate/compare.html", headers=headers)
