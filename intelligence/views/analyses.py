"""Log analysis: the endpoint, the list with its form, one analysis, and what it recommends."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence import analyst
from intelligence.analysis import recommendations, shown
from intelligence.analysis.analysis_schema import AnalysisOut, AnalyzeFields, Decision, RecommendationRow, RunRow
from intelligence.models import AnalysisRun, Recommendation
from intelligence.models.analyses import MODES
from intelligence.providers import get_provider
from intelligence.views.deployments import visible
from intelligence.views.paging import Paged, paged
from intelligence.views.services import Pages
from providers.access.roles import may
from providers.exceptions import InvalidInput, NotFound
from providers.format import estimated
from providers.rates.throttles import AIAnalysisRateThrottle
from providers.views.answers import fields_of, wants_page

CRUMBS = [{"label": "Analyses", "url": "/analyses/"}]
MODE_WORDS = {"rules": "Rules", "hybrid": "Hybrid", "ai": "AI"}


def rows(user: Any) -> Any:
    people = ("service", "deployment", "requested_by", "reviewed_by")
    return AnalysisRun.objects.visible_to(user).select_related(*people)


def run_of(user: Any, pk: Any) -> AnalysisRun:
    found = rows(user).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such analysis for you.")
    return found


class Analyze(APIView):
    throttle_classes = [AIAnalysisRateThrottle]

    @extend_schema(
        operation_id="analyze_logs",
        summary="Analyse a deployment's log, or one that is sent along",
        request=AnalyzeFields,
        responses=AnalysisOut,
    )
    def post(self, request: Request) -> Response:
        """Every quote stands in the log. Where no model can answer, the rules do, and `fallback` says why."""
        form = AnalyzeFields(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        subject = visible(request.user, fields["deployment_id"]) if "deployment_id" in fields else fields["log"]
        return Response(shown.answer(analyst.analyze(subject, fields["mode"], by=request.user)))


class AnalysisList(APIView):
    @extend_schema(operation_id="analyses_list", summary="Analyses, newest first", responses=RunRow(many=True))
    def get(self, request: Request) -> Response:
        pages = Pages()
        page = pages.paginate_queryset(rows(request.user), request, view=self)
        return pages.get_paginated_response([shown.run_row(run) for run in page or []])


class AnalysisOne(APIView):
    @extend_schema(operation_id="analysis", summary="One analysis", responses=AnalysisOut)
    def get(self, request: Request, pk: Any) -> Response:
        run = run_of(request.user, pk)
        return Response(
            shown.answer(run) | {"calls": shown.calls(run), "reviewed_by": shown.name_of(run.reviewed_by)}
        )


class RecommendationList(APIView):
    @extend_schema(
        operation_id="recommendations_list",
        summary="What is recommended, newest first",
        responses=RecommendationRow(many=True),
    )
    def get(self, request: Request) -> Response:
        found = Recommendation.objects.visible_to(request.user).select_related("decided_by")
        if state := request.query_params.get("state"):
            found = found.filter(state=state[:10])
        pages = Pages()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response([shown.recommendation(one) for one in page or []])


class RecommendationOne(APIView):
    @extend_schema(
        operation_id="recommendation_decide",
        summary="Accept or reject a recommendation",
        description="A rejection needs `why`. What is rejected is not recommended again for the same incident.",
        request=Decision,
        responses=RecommendationRow,
    )
    def patch(self, request: Request, pk: Any) -> Response:
        form = Decision(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(shown.recommendation(recommendations.decide(request.user, pk, **form.validated_data)))


@extend_schema(exclude=True)
class Decide(APIView):
    """The same from a form; it leads back to where the recommendation stands."""

    def post(self, request: Request, pk: Any) -> Response:
        form = Decision(data=fields_of(request))
        form.is_valid(raise_exception=True)
        one = recommendations.decide(request.user, pk, **form.validated_data)
        route, at = ("incident", one.incident_id) if one.incident_id else ("analysis", one.run_id)
        headers = {"Location": f"{reverse(f'intelligence:{route}', args=[at])}#r-{one.pk}"}
        return Response(shown.recommendation(one), headers=headers if wants_page(request) else {})


@extend_schema(exclude=True)
class Analyses(APIView):
    """GET: the list. POST: a log as `log` (pasted) or `file` (uploaded, streamed); it leads to its analysis."""

    throttle_classes = [AIAnalysisRateThrottle]

    def get(self, request: Request) -> Response:
        return Response(page(request), template_name="intelligence/analyses.html")

    def post(self, request: Request) -> Response:
        fields = fields_of(request)
        file, mode = fields.get("file"), str(fields.get("mode") or "hybrid")
        if hasattr(file, "chunks"):
            run = analyst.start(file.chunks(), mode, by=request.user, title=file.name or "")
        elif fields.get("deployment_id"):
            run = analyst.start(visible(request.user, fields["deployment_id"]), mode, by=request.user)
        else:
            run = analyst.start(_text(fields.get("log")), mode, by=request.user, title="Pasted lines")
        where = reverse("intelligence:analysis", args=[run.pk])
        return Response(shown.run_row(run), 201, headers={"Location": where} if wants_page(request) else {})


def _text(given: Any) -> str:
    if given is not None and not isinstance(given, str):
        raise InvalidInput("A log is text.", param="log")
    return given or ""


def page(request: Request) -> dict[str, Any]:
    found: Paged = paged(request, rows(request.user))
    provider = get_provider()
    may_ask = may(request.user, "ask models and the Senate")
    price = estimated(provider.expected_usd()) if provider.provider != "local" else ""
    return {
        "analyses": [shown.run_row(run) for run in found.rows],
        "pager": found.as_dict(),
        "modes": [
            {"value": mode, "label": MODE_WORDS[mode], "price": price if mode != "rules" else ""} for mode in MODES
        ],
        "answers": provider.name,
        "answers_ai": provider.provider != "local",
        "broken": getattr(provider, "broken", ""),
        "may_ask": may_ask,
        "errors": {},
        "values": {"mode": "hybrid", "log": ""},
    }


@extend_schema(exclude=True)
class Analysis(APIView):
    """One analysis: its progress, then the answer."""

    def get(self, request: Request, pk: Any) -> Response:
        return Response(one_page(request, run_of(request.user, pk)), template_name="intelligence/analysis.html")


@extend_schema(exclude=True)
class Review(APIView):
    """Marks it as seen by a person; a second time keeps the first."""

    def post(self, request: Request, pk: Any) -> Response:
        run = run_of(request.user, pk)
        AnalysisRun.objects.filter(pk=run.pk, reviewed_at=None, state="done").update(
            reviewed_by=request.user, reviewed_at=timezone.now()
        )
        where = {"Location": reverse("intelligence:analysis", args=[pk])} if wants_page(request) else {}
        return Response(shown.run_row(run_of(request.user, pk)), headers=where)


def one_page(request: Request, run: AnalysisRun) -> dict[str, Any]:
    found = recommendations.of(run)[:40]
    return {
        **shown.run_row(run),
        "answer": shown.answer(run),
        "primary_pattern": next((p for p in shown.answer(run)["patterns"] or [] if p["role"] == "primary"), None),
        "open": run.state in ("queued", "running"),
        "recommendations": [  # lines of another run's log lead nowhere here
            shown.recommendation(one) | ({} if one.run_id == run.pk else {"lines": None}) for one in found
        ],
        "calls": shown.calls(run),
        "again": {"label": "Analyse a log", "url": reverse("intelligence:analyses")},
        "may_decide": may(request.user, "decide approvals"),
        "crumbs": [*CRUMBS, {"label": run.service.name if run.service else run.title}],
        "errors": {},
    }
