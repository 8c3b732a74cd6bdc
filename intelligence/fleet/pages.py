"""What the pages of services show, as plain values. The same dict is their JSON."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from intelligence.analysis import summaries
from intelligence.fleet import sample_chart, samples, services
from intelligence.fleet.scaling import ScalingAnalyzer
from intelligence.models import Deployment, Service, ServiceHealth
from providers.access.roles import may
from providers.runtime.watching import version

FAILING = "FAILED"
ROLE = "change services and deployments"
STATES: Mapping[str, tuple[str, str]] = {  # status -> word of the badge vocabulary, what it says
    "QUEUED": ("Waiting", "Queued"),
    "BUILDING": ("Writing", "Building"),
    "DEPLOYING": ("Writing", "Deploying"),
    "HEALTH_CHECK": ("Writing", "Health check"),
    "RUNNING": ("Working", "Running"),
    "FAILED": ("Failed", "Failed"),
    "CANCELLED": ("Cancelled", "Cancelled"),
    "NONE": ("Not available yet", "No deployment yet"),
}
LABELS = {"QUEUED": "Queued", "BUILDING": "Building", "DEPLOYING": "Deploying", "HEALTH_CHECK": "Health check"}
DAY = timedelta(days=1)
BARS, BAR_WIDTH, HEIGHT = 20, 4, 22


def state(status: str | None) -> dict[str, str]:
    word, text = STATES[status or "NONE"]
    return {"status": status or "NONE", "word": word, "text": text}


def services_page(user: Any, tab: str, q: str) -> dict[str, Any]:
    """Failing first, then by name. Tabs: all, failing, quiet (the newest one runs)."""
    rows = services.listed(user).annotate(
        alerts_now=Count("alerts", filter=Q(alerts__ended_at=None), distinct=True),
        incidents_now=Count("incidents", filter=Q(incidents__state="open"), distinct=True),
    )
    if q:
        rows = rows.filter(name__icontains=q[:80])
    found = sorted(rows[:1_000], key=lambda s: (s.state != FAILING, s.name.lower()))
    kept = {
        "all": found,
        "failing": [s for s in found if s.state == FAILING],
        "quiet": [s for s in found if s.state == "RUNNING"],
    }
    tab = tab if tab in kept else "all"
    newest = newest_of(kept[tab])
    return {
        "services": [row(service, newest.get(service.pk, [])) for service in kept[tab]],
        "tabs": [tab_link(name, len(kept[name]), tab, q) for name in kept],
        "tab": tab,
        "q": q[:80],
        "any": bool(found) or bool(q),
        "may_change": may_change(user),
        "version": version("deployments"),
    }


def tab_link(name: str, count: int, current: str, q: str) -> dict[str, Any]:
    from urllib.parse import urlencode

    url = "?" + urlencode({"tab": name, **({"q": q} if q else {})})
    return {"label": name.capitalize(), "url": url, "count": count, "current": name == current}


def may_change(user: Any) -> bool:
    return may(user, ROLE)


def newest_of(rows: Sequence[Service]) -> dict[Any, list[Deployment]]:
    """Service id -> its newest deployments, newest first; one query for all."""
    found: dict[Any, list[Deployment]] = {}
    newest = (
        Deployment.objects.filter(service__in=[s.pk for s in rows])
        .only("service_id", "status", "created_at", "finished_at", "commit", "branch", "failed_in")
        .order_by("-created_at", "-id")
    )
    for deployment in newest[: 60 * max(1, len(rows))]:
        kept = found.setdefault(deployment.service_id, [])
        if len(kept) < BARS:
            kept.append(deployment)
    return found


def row(service: Service, newest: Sequence[Deployment]) -> dict[str, Any]:
    last = newest[0] if newest else None
    return {
        "id": str(service.pk),
        "name": service.name,
        "url": reverse("intelligence:service", args=[service.pk]),
        "state": state(service.state),
        "alerts": getattr(service, "alerts_now", 0),
        "incidents": getattr(service, "incidents_now", 0),
        "branch": (last.branch if last else "") or service.default_branch,
        "commit": last.commit[:8] if last else "",
        "at": (last.finished_at or last.created_at) if last else None,
        "deployment_url": reverse("intelligence:deployment", args=[last.pk]) if last else "",
        "spark": spark(newest),
    }


def spark(newest: Sequence[Deployment]) -> dict[str, Any] | None:
    """The newest deployments as small bars, oldest left: {bars: [{x, y, height, tone}], label}."""
    if not newest:
        return None
    tones = {"RUNNING": "ok", "FAILED": "bad", "CANCELLED": "none"}
    bars = []
    for n, one in enumerate(reversed(newest)):
        height = {"RUNNING": 10, "FAILED": 18}.get(one.status, 6)
        x = (BARS - len(newest) + n) * (BAR_WIDTH + 1)
        bars.append({"x": x, "y": HEIGHT - 2 - height, "height": height, "tone": tones.get(one.status, "now")})
    failed = sum(1 for one in newest if one.status == FAILING)
    return {"bars": bars, "label": f"The last {len(newest)} deployments: {failed} failed"}


def deployment_row(one: Deployment) -> dict[str, Any]:
    end = one.finished_at or timezone.now()
    return {
        "id": str(one.pk),
        "url": reverse("intelligence:deployment", args=[one.pk]),
        "state": state(one.status),
        "failed_in": one.failed_in,
        "reason": one.reason,
        "summary": one.summary,
        "commit": one.commit[:8],
        "branch": one.branch,
        "environment": one.environment,
        "origin": one.origin,
        "by": one.requested_by.get_username() if one.requested_by else "",
        "at": one.created_at,
        "seconds": (end - (one.started_at or one.created_at)).total_seconds() if one.finished_at else None,
    }


def service_page(user: Any, service: Service) -> dict[str, Any]:
    newest = list(service.deployments.select_related("requested_by").order_by("-created_at", "-id")[:BARS])
    changes = may_change(user)
    return {
        "service": services.as_dict(service) | {"id": str(service.pk)},
        "state": state(service.state),
        "deployments": [deployment_row(one) for one in newest],
        "alerts": list(
            service.alerts.order_by("-started_at")[:20].values(
                "name", "severity", "summary", "started_at", "ended_at"
            )
        ),
        "samples": samples_of(service),
        "week": summaries.week_of(service.pk),
        "health": health_of(service),
        "webhook_note": f"?service={service.pk}",
        "may_change": changes,
        "may_deploy": changes and service.deployer != "none",
        "fix_deployment": str(newest[0].pk) if changes and newest and newest[0].status == FAILING else "",
        "deploy_url": reverse("intelligence:deploy", args=[service.pk]),
        "edit_url": reverse("intelligence:service-edit", args=[service.pk]),
        "here": reverse("intelligence:service", args=[service.pk]),
        "version": version("deployments"),
    }


def samples_of(service: Service) -> dict[str, Any]:
    """What its samples of seven days say, and their lines of the last day."""
    points = samples.points(service)
    newest = points[-1].at if points else None
    day = [point for point in points if newest and newest - point.at <= DAY]
    findings = [finding.as_dict() for finding in ScalingAnalyzer(points).findings()]
    return {"count": len(points), "findings": findings, "charts": sample_chart.charts(day)}


def health_of(service: Service) -> dict[str, Any] | None:
    """{ok, words, since} of the newest answer; None where it was never asked."""
    return ServiceHealth.objects.filter(service=service).exclude(ok=None).values("ok", "words", "since").first()
