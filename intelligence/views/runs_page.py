"""`/agents/runs/`: asking, and one run while it works: its steps, what waits for a person, its answer."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponseRedirect
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents import run_rows, troubleshooter
from intelligence.agents.agent_pages import tabs
from intelligence.fleet import services
from intelligence.models import AgentRun, Approval
from intelligence.views.approvals_page import presented
from intelligence.views.paging import paged
from intelligence.views.runs import started
from providers.exceptions import InvalidInput
from providers.rates.throttles import AIAnalysisRateThrottle
from providers.runtime.watching import version
from providers.views.answers import fields_of

BADGES = {
    "queued": ("Waiting", "Queued"),
    "running": ("Writing", "Working"),
    "waiting": ("Being answered", "Waits for approval"),
    "done": ("Done", "Done"),
    "partial": ("Partial", "Partial"),
    "failed": ("Failed", "Failed"),
    "cancelled": ("Cancelled", "Cancelled"),
}
MARKS = {"done": "done", "failed": "failed", "refused": "failed", "lost": "warn", "cancelled": "waiting"}
MARKS |= {"running": "now", "waiting": "waiting", "approval": "warn"}
WORDS = {"refused": "refused", "lost": "its worker was lost; it is not repeated", "cancelled": "not made"}
WORDS |= {"waiting": "waits its turn", "approval": "a person decides"}
CAUSES = {"asked": "", "incident": "began by itself for an incident", "cost": "the weekly look at costs"}
MOST_SHOWN = 20_000
MOST_ASKED = 4_000
MOST_IN_ADDRESS = 1_000


class Runs(APIView):
    def get_throttles(self) -> list[Any]:
        return [AIAnalysisRateThrottle()] if self.request.method == "POST" else []

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(page(request), template_name="intelligence/runs.html")

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response | HttpResponseRedirect:
        try:
            run = started(request)
        except (InvalidInput, ValidationError) as error:
            context = page(request) | {"errors": errors_of(error), "values": fields_of(request)}
            return Response(context, 400, template_name="intelligence/runs.html")
        return HttpResponseRedirect(reverse("intelligence:agent-run", args=[run.pk]))


def errors_of(error: InvalidInput | ValidationError) -> dict[str, list[str]]:
    if isinstance(error, InvalidInput):
        return error.errors or {"question": [error.message]}
    detail = error.detail if isinstance(error.detail, Mapping) else {"question": error.detail}
    return {name: [str(one) for one in texts] for name, texts in detail.items()}


def page(request: Request) -> dict[str, Any]:
    found = paged(request, AgentRun.objects.visible_to(request.user).select_related("service", "owner"))
    known = [{"value": str(one.pk), "label": one.name} for one in services.listed(request.user)[:500]]
    return {
        "runs": [listed(run) for run in found.rows],
        "pager": found.as_dict(),
        "services": [{"value": "", "label": "Any service"}, *known],
        "most": {"steps": settings.AGENT_RUN_STEPS, "usd": settings.AGENT_RUN_USD},
        "version": version("runs"),
        "tabs": tabs(request.user, "agent-runs"),
        "errors": {},
        "values": {
            "question": request.query_params.get("question", "")[:MOST_ASKED],
            "service_id": request.query_params.get("service", ""),
        },
    }


def listed(run: AgentRun) -> dict[str, Any]:
    word, text = BADGES[run.state]
    return run_rows.row_of(run) | {"badge": {"word": word, "text": text}}


class RunPage(APIView):
    @extend_schema(exclude=True)
    def get(self, request: Request, pk: Any) -> Response:
        run = troubleshooter.found(request.user, pk)
        return Response(run_page(request.user, run), template_name="intelligence/run.html")


def again(run: AgentRun) -> str:
    """The form with this run's question and service filled in."""
    given = {"service": run.service_id or "", "question": run.question[:MOST_IN_ADDRESS]}
    return f"{reverse('intelligence:agent-runs')}?{urlencode(given)}"


def run_page(user: Any, run: AgentRun) -> dict[str, Any]:
    whole = run_rows.whole_of(run)
    word, text = BADGES[run.state]
    usd = 100 * run.cost_usd / run.most_usd if run.most_usd else 0
    return whole | {
        "rail": True,
        "badge": {"word": word, "text": text},
        "why_it_began": CAUSES[run.cause],
        "acts": "write" in run.scopes,
        "turns": turns(user, whole["steps"]),
        "waiting": [step["n"] for step in whole["steps"] if step["state"] == "approval"],
        "bars": {
            "steps": 100 * run.steps_used / run.most_steps,
            "seconds": 100 * run.seconds / run.most_seconds,
            "usd": usd,
        },
        "version": version("runs"),
        "again": again(run),
        "json_url": reverse("intelligence:api-agent-run", args=[run.pk]),
        "cancel_url": reverse("intelligence:agent-run-cancel", args=[run.pk]),
        "crumbs": [
            {"label": "Agents", "url": "/agents/"},
            {"label": "Runs", "url": reverse("intelligence:agent-runs")},
            {"label": str(run.pk)[:8]},
        ],
    }


def turns(user: Any, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{n, text, cost_usd, call_id, calls}]: each thought with the calls that it asked for, as they are shown."""
    made: list[dict[str, Any]] = []
    ids = [step["approval"]["id"] for step in steps if step["approval"]]
    asked = {str(one.pk): one for one in Approval.objects.filter(pk__in=ids).select_related("decided_by")}
    for step in steps:
        if step["kind"] == "think":
            made.append({**step, "calls": []})
            continue
        approval = asked.get(step["approval"]["id"]) if step["approval"] else None
        text = run_rows.told(step["result"]) if step["result"] is not None else ""
        shown = {
            "mark": MARKS[step["state"]],
            "word": step["error"] or WORDS.get(step["state"], ""),
            "given": [[name, run_rows.told(value)] for name, value in step["arguments"].items()],
            "told": text[:MOST_SHOWN],
            "cut": len(text) > MOST_SHOWN,
            "approval": presented(approval, user) if approval else None,
        }
        made[-1]["calls"].append(step | shown)
    return made


class Cancel(APIView):
    @extend_schema(exclude=True)
    def post(self, request: Request, pk: Any) -> HttpResponseRedirect:
        troubleshooter.cancel(request.user, troubleshooter.found(request.user, pk))
        return HttpResponseRedirect(reverse("intelligence:agent-run", args=[pk]))
