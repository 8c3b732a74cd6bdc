"""An agent whose key nobody has, and a troubleshooting run: its tools were called, on the sample's rows."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from aiops_site.demo import services
from intelligence.agents import roster
from intelligence.models import AgentRun, Incident
from intelligence.models.agent_runs import AgentStep
from providers.tools import ToolRegistry

NAME = "demo-deploy-bot"
TOOLS = (
    ("get_service", {"service": "checkout-api"}),
    ("list_deployments", {"service": "checkout-api", "limit": 3}),
    ("list_incidents", {"service": "checkout-api"}),
)
ANSWER = """\
checkout-api fails in HEALTH_CHECK since its newest deployment: `PAYMENT_URL` is not set.

The deployment before it runs, so the setting is what is missing. Set it, or approve the fix that waits."""


def write(team: dict[str, Any]) -> None:
    if roster.named(NAME) is None:
        roster.create(team["ivo"], NAME, wanted=["services:read", "deployments:read", "logs:read"])
    _run(team["ivo"])


def _run(owner: Any) -> None:
    incident = Incident.objects.filter(service=services.id_of("checkout-api"), code="CONFIG_ERROR").first()
    begun = timezone.now() - timedelta(minutes=20)
    run = AgentRun.objects.create(
        question="Why does checkout-api fail, and what changed?",
        service_id=services.id_of("checkout-api"),
        incident=incident,
        owner=owner,
        scopes=["read"],
        state="done",
        mind="model",
        provider="claude",
        model="claude-sonnet-5",
        answer=ANSWER,
        evidence=[
            {"url": f"/incidents/{one.pk}/", "label": "Incident", "says": one.title} for one in [incident] if one
        ],
        most_steps=12,
        most_seconds=300,
        most_usd=Decimal("0.20"),
        steps_used=len(TOOLS),
        seconds=14.2,
        cost_usd=Decimal("0.0312"),
        started_at=begun,
        finished_at=begun + timedelta(seconds=14),
    )
    AgentRun.objects.filter(pk=run.pk).update(created_at=begun)
    _steps(run)


def _steps(run: AgentRun) -> None:
    calls = [
        {"id": f"call-{n}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for n, (name, given) in enumerate(TOOLS, 1)
    ]
    _step(
        run,
        1,
        kind="think",
        turn=1,
        text="I look at the service, its deployments and incidents first.",
        calls=calls,
    )
    for n, (name, given) in enumerate(TOOLS, 1):
        done = ToolRegistry.execute_tool(name, given, user=run.owner)
        _step(run, n + 1, kind="tool", turn=1, tool=name, arguments=given, call_id=f"call-{n}", result=done)
    _step(run, len(TOOLS) + 2, kind="think", turn=2, text=ANSWER)


def _step(run: AgentRun, n: int, **fields: Any) -> None:
    at = run.started_at + timedelta(seconds=2 * n)
    AgentStep.objects.create(run=run, n=n, started_at=at, finished_at=at + timedelta(seconds=1), **fields)
