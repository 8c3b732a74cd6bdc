"""`/agents/sandbox/`: whether code can run here, check by check; and the client that code uses."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intelligence.agents import code_runner, snippet, trial
from intelligence.agents.agent_pages import tabs
from providers.rates.throttles import AIAnalysisRateThrottle
from providers.runtime import loop

TRIAL_S = 60.0


class SandboxPage(APIView):
    def get_throttles(self) -> list[Any]:
        return [AIAnalysisRateThrottle()] if self.request.method == "POST" else []

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        last, limits = trial.last(), snippet.LIMITS
        here = settings.SANDBOX_BACKEND == "bubblewrap"
        context = {
            "tabs": tabs(request.user, "sandbox"),
            "backend": settings.SANDBOX_BACKEND,
            "here": here,
            "off": code_runner.off() or (last["off"] if last and here else ""),
            "trial": last,
            "bad": sum(1 for one in last["checks"] if not one["ok"]) if last else 0,
            "limits": {
                "cpu_s": limits.cpu_s,
                "wall_s": limits.wall_s,
                "memory_bytes": limits.memory_bytes,
                "disk_bytes": limits.disk_bytes,
                "output_bytes": limits.output_bytes,
                "processes": limits.processes,
            },
            "site_url": settings.SITE_URL,
        }
        return Response(context, template_name="intelligence/sandbox.html")

    @extend_schema(exclude=True)
    def post(self, request: Request) -> HttpResponseRedirect:
        """Tries the sandbox now; a few seconds."""
        loop.run(trial.now(), TRIAL_S)
        return HttpResponseRedirect(reverse("intelligence:sandbox"))


class Sdk(APIView):
    """The client for programs outside: one file."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        headers = {"Content-Disposition": 'attachment; filename="aiops.py"'}
        return HttpResponse(snippet.SDK.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)
