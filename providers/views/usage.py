"""Usage pages and their JSON twins: a summary, single calls, one call, the export."""

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from providers.exceptions import InvalidInput
from providers.usage import calls, export
from providers.usage.advice import advice
from providers.usage.matrix import matrix
from providers.usage.question import Question, read
from providers.usage.summary import summary
from providers.views import usage_page
from providers.views.usage_schema import (
    PAGED,
    QUESTION,
    AdviceSerializer,
    CallPageSerializer,
    MatrixSerializer,
    SummarySerializer,
)

PAGING = ("after", "page_size")


def question_of(request: Request, *also: str) -> Question:
    return read(request.query_params.dict(), timezone.now(), also)


def is_page(request: Request) -> bool:
    return getattr(request.accepted_renderer, "format", "") == "html"


@extend_schema(exclude=True)
class Usage(APIView):
    def get(self, request: Request) -> Response:
        given = request.query_params.dict()
        try:
            data = usage_page.look(request.user, question_of(request, "view"), given)
        except InvalidInput as error:
            if not is_page(request):
                raise
            return self._with_errors(request, error, given)
        return Response(data, template_name="providers/usage.html")

    def _with_errors(self, request: Request, error: InvalidInput, given: dict[str, str]) -> Response:
        """The usual 30 days, the sentence beside the control, and what was typed."""
        data = usage_page.look(request.user, read({}, timezone.now()), {})
        errors = error.errors or {"": [error.message]}
        return Response({**data, "errors": errors, "values": given}, 400, template_name="providers/usage.html")


class UsageMatrix(APIView):
    @extend_schema(parameters=QUESTION, responses=MatrixSerializer)
    def get(self, request: Request) -> Response:
        """Users by models: what each spent on which."""
        return Response(matrix(request.user, question_of(request)))


class UsageAdvice(APIView):
    @extend_schema(parameters=QUESTION, responses=AdviceSerializer)
    def get(self, request: Request) -> Response:
        """Where money could be saved, each with the figures behind it and the filters of its rows."""
        return Response(advice(request.user, question_of(request)))


@extend_schema(exclude=True)
class Calls(APIView):
    def get(self, request: Request) -> HttpResponseBase:
        question = question_of(request, *PAGING, "export")
        wanted = request.query_params.get("export", "")
        if wanted in export.FORMATS:
            return file_of(request.user, question, wanted)
        if wanted:
            raise InvalidInput(f"Rows can be exported as csv or json, not {wanted[:40]!r}.", param="export")
        page = page_of(request, question)
        return Response(usage_page.calls_page(request.user, question, page), template_name="providers/calls.html")


@extend_schema(exclude=True)
class Call(APIView):
    def get(self, request: Request, pk: UUID) -> Response:
        found = calls.call(request.user, pk)
        return Response(usage_page.call_page(request.user, found), template_name="providers/call.html")


class UsageRows(APIView):
    @extend_schema(parameters=[*QUESTION, *PAGED], responses=CallPageSerializer)
    def get(self, request: Request) -> Response:
        """Single calls, newest first, with the filters of the usage page."""
        question = question_of(request, *PAGING)
        page = page_of(request, question)
        here = reverse("providers:api-usage")
        return Response({**page, **usage_page.neighbours(question, page, here)})


class UsageSummary(APIView):
    @extend_schema(parameters=QUESTION, responses=SummarySerializer)
    def get(self, request: Request) -> Response:
        """What the usage page shows: totals, groups, and every day of the range."""
        return Response(summary(request.user, question_of(request)))


def page_of(request: Request, question: Question) -> dict[str, Any]:
    given = request.query_params
    size = calls.whole(given.get("page_size", ""), "page_size", calls.PAGE_SIZE, calls.LARGEST_PAGE)
    return calls.page_of(request.user, question, given.get("after", ""), size)


def file_of(user: Any, question: Question, wanted: str) -> StreamingHttpResponse:
    calls.check(user, question)  # an error must come before the first byte
    kind, content = export.FORMATS[wanted]
    name = f"usage-{question.first}-{question.last}.{wanted}"
    response = StreamingHttpResponse(content(user, question), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
