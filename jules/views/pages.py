"""`/jules/` and `/jules/{id}/`: all fixes, and one with its steps, proof and diff."""

from typing import Any

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jules import autofix, rows, switches
from jules.models import FixAttempt
from jules.serializers import Filters, FixWish
from jules.summary import DAYS, ROWS, matching, shares, summary
from jules.views.api import failed_deployment, visible
from jules.views.diff import files_of
from jules.watching import version
from providers.access.roles import may
from providers.rates.throttles import AIAnalysisRateThrottle
from providers.views.answers import fields_of

PER_PAGE = 50
ASK = "ask models and the Senate"
CI = {"success": "CI green", "failure": "CI red", "pending": "CI running"}
TIMELINE = {"done": "done", "failed": "failed", "running": "now", "waiting": "waiting"}
KEYS = (("d", "Diff"), ("s", "Side by side"), ("[ and ]", "File before, next file"))


class Fixes(APIView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        query = Filters(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = {key: value for key, value in query.validated_data.items() if key != "page" and value is not None}
        everything = FixAttempt.objects.visible_to(request.user)
        found = matching(everything, wanted).select_related("service", "approval")
        total = found.count()
        page = min(query.validated_data["page"], max(1, -(-total // PER_PAGE)))
        first = (page - 1) * PER_PAGE
        shown = [presented(a, rows.row_of(a)) for a in found[first : first + PER_PAGE]]
        figures = summary(everything)
        urls = {name: linked({"days": DAYS} | asked, 1) for name, asked in ROWS.items()}
        context = {
            "fixes": shown,
            "total": total,
            "first": first + 1,
            "last": first + len(shown),
            "previous_url": linked(wanted, page - 1) if page > 1 else "",
            "next_url": linked(wanted, page + 1) if first + len(shown) < total else "",
            "chips": [
                {"name": k, "value": v, "remove_url": linked(wanted, 1, without=k)} for k, v in wanted.items()
            ],
            "tabs": tabs(wanted),
            "summary": figures,
            "figure_urls": urls,
            "shares": shares(figures, urls),
            "auto_off": not switches.anywhere(),
            "version": version(),
        }
        return Response(context, template_name="jules/fixes.html")


def tabs(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    rest = {key: value for key, value in wanted.items() if key != "state"}
    named = (("All", ""), ("Running", "running"), ("Succeeded", "succeeded"), ("Failed", "failed"))
    return [
        {
            "label": label,
            "url": linked(rest | ({"state": state} if state else {}), 1),
            "current": wanted.get("state", "") == state,
        }
        for label, state in named
    ]


def linked(wanted: dict[str, Any], page: int, without: str = "") -> str:
    kept = {key: value for key, value in wanted.items() if key != without}
    return "?" + urlencode(kept | ({"page": page} if page > 1 else {}))


def presented(attempt: FixAttempt, row: dict[str, Any]) -> dict[str, Any]:
    """With the word of its badge, and what CI says in words."""
    pull = row["pull_request"]
    word = rows.badge(attempt)
    return row | {"badge": word, "badge_text": rows.badge_text(word), "ci": CI.get(pull["ci"], "") if pull else ""}


class Attempt(APIView):
    @extend_schema(exclude=True)
    def get(self, request: Request, pk: int) -> Response:
        attempt = visible(request.user, pk)
        whole = presented(attempt, rows.whole_of(attempt))
        split = request.query_params.get("view") == "split"
        here = reverse("jules:attempt", args=[pk])
        context = whole | {
            "rail": True,
            "version": version(),
            "crumbs": [
                {"label": "Fixes", "url": reverse("jules:fixes")},
                {"label": f"{whole['service']['name']} #{pk}"},
            ],
            "page_keys": [{"key": key, "text": text} for key, text in KEYS],
            "items": [timeline(step) for step in whole["steps"]],
            "diff_files": files_of(attempt.diff),
            "split": split,
            "views": [
                {"label": "Unified", "url": f"{here}#diff", "current": not split},
                {"label": "Split", "url": f"{here}?view=split#diff", "current": split},
            ],
            "caps_percent": 100 * whole["caps"]["bytes"] / whole["caps"]["most_bytes"],
            "may_fix": may(request.user, ASK),
            "json_url": reverse("jules:api-attempt", args=[pk]),
            "stopped": bool(attempt.findings),
        }
        return Response(context, template_name="jules/attempt.html")


def timeline(step: dict[str, Any]) -> dict[str, Any]:
    took = f"{step['seconds']:.1f} s" if step["seconds"] is not None else ""
    return {"title": step["title"], "state": TIMELINE[step["state"]], "duration": took, "log": step["log"]}


class Fix(APIView):
    """The button on a deployment's page."""

    throttle_classes = [AIAnalysisRateThrottle]

    @extend_schema(exclude=True)
    def post(self, request: Request) -> HttpResponseRedirect:
        form = FixWish(data=fields_of(request))
        form.is_valid(raise_exception=True)
        deployment = failed_deployment(request.user, form.validated_data["deployment_id"])
        attempt = autofix.start(deployment, request.user, form.validated_data["engine"])
        return HttpResponseRedirect(reverse("jules:attempt", args=[attempt.pk]))


class Retry(APIView):
    throttle_classes = [AIAnalysisRateThrottle]

    @extend_schema(exclude=True)
    def post(self, request: Request, pk: int) -> HttpResponseRedirect:
        autofix.retry(visible(request.user, pk), request.user)
        return HttpResponseRedirect(reverse("jules:attempt", args=[pk]))
