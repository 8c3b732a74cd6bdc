"""`/senate/`: the box, its live price, and the list of past sessions; the same as JSON under /api/v1/."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.exceptions import AIServiceError, InvalidInput
from providers.rates.throttles import AIChatRateThrottle
from senate import chat
from senate.models import SenateSession
from senate.reading.listing import box, listing
from senate.serializers import Ask, Asked, Draft, ListQuery, SessionPage
from senate.views.once import once
from senate.views.session import visible

PAGE = "senate/list.html"


class Sessions(APIView):
    """GET lists, POST asks: 202 with the session's address, where its work can be watched."""

    paged = True  # False: the API's twin, without the box
    throttle_classes = [AIChatRateThrottle]

    @extend_schema(
        operation_id="senate_sessions_list",
        summary="Sessions that you may see",
        parameters=[ListQuery],
        responses=SessionPage,
    )
    def get(self, request: Request) -> Response:
        query = ListQuery(data=request.query_params.dict())
        valid = query.is_valid(raise_exception=not self.paged)
        found = listing(request.user, **(query.validated_data if valid else {"tab": "mine", "q": "", "page": 1}))
        if not self.paged:
            return Response(found)
        filled = filled_in(request)
        context = {**found, "box": box(request.user, filled), "errors": {}, "values": {}}
        if filled["question"] and request.method == "GET" and context["box"]["ready"]:
            context["price"] = priced(request.user, filled)
        return Response(context, template_name=PAGE)

    @extend_schema(
        operation_id="senate_sessions_create",
        summary="Ask one model, a code review or the Senate",
        request=Ask,
        responses={202: Asked},
    )
    def post(self, request: Request) -> Response:
        form = Ask(data=request.data)
        form.is_valid(raise_exception=True)
        given = {**form.validated_data, "members": form.validated_data["members"] or None}
        if (follows := given.pop("follows")) is not None:
            given["follows"] = visible(request.user, follows)
        key = given.pop("idempotency_key")
        return once(request, "sessions", key, lambda kept: chat.start(request.user, **given, on_stored=kept))

    def handle_exception(self, exc: Exception) -> Response:
        """A person whose question is refused (cap, rate, no provider) finds it in the box, with the reason."""
        page = getattr(self.request, "accepted_renderer", None)
        refused = isinstance(exc, AIServiceError) and not isinstance(exc, InvalidInput) and exc.http_status != 401
        if not (refused and self.request.method == "POST" and page and page.format == "html" and allowed(exc)):
            return super().handle_exception(exc)
        response = self.get(self.request)
        response.data = {**response.data, "errors": {"": [exc.message]}, "refusal": exc.as_dict()}
        response.status_code = exc.http_status
        if exc.retry_after is not None:
            response["Retry-After"] = str(max(1, round(exc.retry_after)))
        return response


def allowed(error: AIServiceError) -> bool:
    """Whether the page may be shown with the error on it: not where the role refuses the page's form."""
    return error.http_status != 403


@extend_schema(exclude=True)
class Quote(APIView):
    """What asking would cost, while the question is typed. Nothing is stored."""

    def get(self, request: Request) -> Response:
        return self._answer(request, request.query_params)

    def post(self, request: Request) -> Response:
        return self._answer(request, request.data)

    def _answer(self, request: Request, data: Any) -> Response:
        form = Draft(data=data)
        form.is_valid(raise_exception=True)
        price = priced(request.user, form.validated_data)
        return Response(
            {"price": price, "box": {"ready": True, "may_ask": True}}, template_name="senate/quote.html"
        )


def filled_in(request: Request) -> dict[str, Any]:
    """What stands in the box: the refused form, the address (?question=, ?again=ID), or nothing."""
    data = request.data if request.method == "POST" else request.query_params
    several = data.getlist("members") if hasattr(data, "getlist") else data.get("members", [])
    filled = {
        "question": str(data.get("question", "")),
        "mode": str(data.get("mode", "auto")),
        "members": [str(name) for name in several] if isinstance(several, list) else [],
        "visibility": str(data.get("visibility", "team")),
        "follows": None,
    }
    if follows := earlier(request, data.get("follows")):
        filled["follows"] = {"id": follows.pk, "question": follows.question}
    if old := earlier(request, data.get("again")):
        filled |= {"question": old.question, "mode": old.mode, "visibility": old.visibility}
    return filled


def earlier(request: Request, number: Any) -> SenateSession | None:
    """The session that the address names, where this user may see it."""
    text = str(number or "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return SenateSession.objects.visible_to(request.user).filter(pk=int(text)).first()


def priced(user: Any, filled: dict[str, Any]) -> dict[str, Any]:
    """{empty} | {quote} | {error}: a draft's price, or why there is none. An error of a draft is no failure."""
    if not filled["question"].strip():
        return {"empty": True}
    follows = filled["follows"]["id"] if isinstance(filled["follows"], dict) else filled["follows"]
    try:
        before = visible(user, follows) if follows else None
        return {"quote": chat.quote(user, filled["question"], filled["mode"], filled["members"] or None, before)}
    except AIServiceError as error:
        return {"error": error.as_dict()}
