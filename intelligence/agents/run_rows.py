"""Troubleshooting runs as plain values for page and API; every surface shows the same."""

import json
from typing import Any

from intelligence.agents.runs import store
from intelligence.analysis import shown
from intelligence.models import AgentRun, AgentStep
from intelligence.models.agent_runs import OPEN_RUN


def row_of(run: AgentRun) -> dict[str, Any]:
    """{id, question, state, mind, …, budget: {steps, seconds, usd: {used, most}}} for a list."""
    service = {"id": str(run.service_id), "name": run.service.name} if run.service else None
    return {
        "id": str(run.pk),
        "url": f"/agents/runs/{run.pk}/",
        "question": run.question,
        "service": service,
        "incident_id": str(run.incident_id) if run.incident_id else None,
        "cause": run.cause,
        "owner": shown.name_of(run.owner),
        "scopes": run.scopes,
        "state": run.state,
        "open": run.state in OPEN_RUN,
        "mind": run.mind,
        "provider": run.provider,
        "model": run.model,
        "fallback": run.fallback,
        "answer": run.answer,
        "reason": run.reason,
        "budget": {
            "steps": {"used": run.steps_used, "most": run.most_steps},
            "seconds": {"used": round(run.seconds, 1), "most": run.most_seconds},
            "usd": {"used": f"{run.cost_usd:f}", "most": f"{run.most_usd:f}"},
        },
        "created_at": shown.moment(run.created_at),
        "started_at": shown.moment(run.started_at),
        "finished_at": shown.moment(run.finished_at),
    }


def whole_of(run: AgentRun) -> dict[str, Any]:
    """`row_of`, and its steps, evidence and what it claims without evidence."""
    found = [step_of(step) for step in store.steps(run.pk)]
    waits = [step["approval"] for step in found if step["approval"] and step["state"] == "approval"]
    return row_of(run) | {
        "evidence": run.evidence,
        "unproven": run.unproven,
        "steps": found,
        "approvals": [one["id"] for one in waits],
    }


def step_of(step: AgentStep) -> dict[str, Any]:
    approval = None
    if step.approval is not None:
        approval = {"id": str(step.approval_id), "state": step.approval.state, "title": step.approval.title}
    took = (step.finished_at - step.started_at).total_seconds() if step.finished_at and step.started_at else None
    return {
        "n": step.n,
        "kind": step.kind,
        "text": step.text,
        "tool": step.tool,
        "arguments": step.arguments,
        "state": step.state,
        "result": step.result,
        "error": step.error,
        "approval": approval,
        "seconds": took,
        "cost_usd": f"{step.cost_usd:f}",
        "call_id": str(step.log_id) if step.log_id else None,
        "started_at": shown.moment(step.started_at),
        "finished_at": shown.moment(step.finished_at),
    }


def told(value: Any) -> str:
    """A result as text for a person."""
    return json.dumps(value, ensure_ascii=False, indent=2) if not isinstance(value, str) else value


def of_incident(pk: Any) -> dict[str, Any] | None:
    """What the newest run of an incident found, or that one looks now."""
    run = AgentRun.objects.filter(incident=pk).select_related("service", "owner").order_by("-created_at").first()
    return None if run is None else row_of(run) | {"evidence": run.evidence}
