"""Analyses, incidents and recommendations as plain values, the same for page and API."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from intelligence.models import AnalysisRun, Incident, IncidentDay, Recommendation
from intelligence.models.analyses import FAILURE
from providers.models import AIUsageLog

DAYS = 14


def name_of(user: Any) -> str | None:
    return (user.get_full_name() or user.get_username()) if user else None


def moment(at: Any) -> str | None:
    return at.isoformat() if at else None


def answer(run: AnalysisRun) -> dict[str, Any]:
    """The shape of `POST /api/v1/ai/analyze_logs/`."""
    result = run.result or {}
    steps = [one["text"] for one in result.get("recommendations", [])]
    return {
        "id": str(run.pk),
        "deployment_id": str(run.deployment_id) if run.deployment_id else None,
        "mode": run.mode,
        "state": run.state,
        **{name: result.get(name) for name in ("healthy", "primary", "patterns", "cause")},
        "recommendations": steps,
        "provider": run.provider or "local",
        "source": run.source,
        "fallback": run.fallback,
        "evidence": result.get("evidence", []),
        "hypotheses": result.get("hypotheses", []),
        "scanned": result.get("scanned"),
        "error": run.error,
    }


def evidence(run: AnalysisRun) -> list[dict[str, Any]]:
    """What of the answer stands in the log, numbered: the patterns, then what else a model proved with a quote.

    {n, first, last, code, role, confidence, says, quote}; a model's statement has no code and no confidence."""
    result, made = run.result or {}, list[dict[str, Any]]()
    for one in [*result.get("patterns", []), *result.get("evidence", [])]:
        lines = one.get("lines")
        known = {(other["first"], other["last"]) for other in made}
        if lines and (one.get("code") or (lines[0], lines[-1]) not in known):
            about = {"code": one.get("code", ""), "role": one.get("role", ""), "says": one.get("statement", "")}
            place = {"first": lines[0], "last": lines[-1], "confidence": one.get("confidence")}
            made.append({"n": len(made) + 1, **place, **about, "quote": one["quote"]})
    return made


def run_row(run: AnalysisRun) -> dict[str, Any]:
    """One of a list, and the head of its page."""
    result = run.result or {}
    return {
        "id": str(run.pk),
        "url": reverse("intelligence:analysis", args=[run.pk]),
        "title": run.service.name if run.service else run.title,
        "service": str(run.service_id) if run.service_id else None,
        "deployment": str(run.deployment_id) if run.deployment_id else None,
        "incident": str(run.incident_id) if run.incident_id else None,
        "mode": run.mode,
        "of_failure": run.cause_of_run == FAILURE,
        "asked_by": name_of(run.requested_by) or ("a failed deployment" if run.deployment_id else "the scan"),
        "state": run.state,
        "healthy": result.get("healthy"),
        "primary": result.get("primary"),
        "cause": result.get("cause", ""),
        "source": run.source,
        "provider": run.provider,
        "fallback": run.fallback,
        "error": run.error,
        "log_bytes": run.log_bytes,
        "read_bytes": run.read_bytes,
        "read_lines": run.read_lines,
        "read_percent": min(100, round(100 * run.read_bytes / run.log_bytes)) if run.log_bytes else 0,
        "reviewed_by": name_of(run.reviewed_by),
        "reviewed_at": moment(run.reviewed_at),
        "created_at": moment(run.created_at),
        "finished_at": moment(run.finished_at),
    }


def calls(run: AnalysisRun) -> list[dict[str, Any]]:
    """The usage rows behind it."""
    rows = AIUsageLog.objects.filter(session_id=run.session_id).order_by("created_at")
    fields = ("provider", "model", "input_tokens", "output_tokens", "actual_cost_usd", "success", "error_code")
    return [
        {name: getattr(row, name) for name in fields}
        | {"id": str(row.pk), "url": reverse("providers:call", args=[row.pk])}
        for row in rows
    ]


def recommendation(one: Recommendation) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "analysis": str(one.run_id),
        "incident": str(one.incident_id) if one.incident_id else None,
        "text": one.text,
        "source": one.source,
        "quote": one.quote,
        "lines": one.lines,
        "state": one.state,
        "why": one.why,
        "decided_by": name_of(one.decided_by),
        "decided_at": moment(one.decided_at),
        "created_at": moment(one.created_at),
    }


def incident_row(one: Incident, days: dict[Any, int] | None = None) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "url": reverse("intelligence:incident", args=[one.pk]),
        "service": str(one.service_id),
        "service_name": one.service.name,
        "deployment": str(one.deployment_id) if one.deployment_id else None,
        "code": one.code,
        "subject": one.subject,
        "title": one.title,
        "severity": one.severity,
        "state": one.state,
        "count": one.count,
        "regression": one.regressions > 0,
        "regressions": one.regressions,
        "changed": one.changed,
        "first_seen": moment(one.first_seen),
        "last_seen": moment(one.last_seen),
        "why": one.why,
        "decided_by": name_of(one.decided_by),
        "decided_at": moment(one.decided_at),
        "snoozed_until": moment(one.snoozed_until),
        "days": history(days or {}),
    }


def history(days: dict[Any, int]) -> list[dict[str, Any]]:
    """The last days with their counts, oldest first."""
    today = timezone.now().date()
    wanted = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [{"day": day.isoformat(), "count": days.get(day, 0)} for day in wanted]


def days_of(incidents: list[Incident]) -> dict[Any, dict[Any, int]]:
    """Incident id -> day -> count, in one query."""
    since = timezone.now().date() - timedelta(days=DAYS)
    rows = IncidentDay.objects.filter(incident__in=incidents, day__gte=since)
    found: dict[Any, dict[Any, int]] = {}
    for pk, day, count in rows.values_list("incident", "day").annotate(total=Sum("count")):
        found.setdefault(pk, {})[day] = count
    return found
