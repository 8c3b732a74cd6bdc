"""What the pages of services and deployments show, as plain values. The same dict is their JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from intelligence import sample_chart, samples, services, shown, viewer
from intelligence.models import ENDED, Deployment, Service, ServiceHealth, Status
from intelligence.scaling import ScalingAnalyzer
from intelligence.states import STEPS
from providers.roles import may
from providers.watching import version

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
    rows = services.listed(user).annotate(alerts_now=Count("alerts", filter=Q(alerts__ended_at=None)))
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
        "commit": one.commit[:8],
        "branch": one.branch,
        "environment": one.environment,
        "origin": one.origin,
        "by": one.requested_by.get_username() if one.requested_by else "",
        "at": one.created_at,
        "seconds": (end - (one.started_at or one.created_at)).total_seconds() if one.finished_at else None,
    }


def deployment_page(user: Any, one: Deployment, page: str, with_lines: bool) -> dict[str, Any]:
    """The deployment with its steps, cause and a window of its log. `page`: of 2,000 lines, without JavaScript."""
    cause = cause_of(one)
    marks = {
        n: finding["n"] for finding in cause["evidence"] for n in range(finding["first"], finding["last"] + 1)
    }
    first, count = viewer.window(one, page, marks)
    here = reverse("intelligence:deployment", args=[one.pk])
    changes = may_change(user)
    return {
        **deployment_row(one),
        "commit_id": one.commit,
        "open": one.status not in ENDED,
        "service": {
            "id": str(one.service_id),
            "name": one.service.name,
            "url": reverse("intelligence:service", args=[one.service_id]),
            "deployer": one.service.deployer,
        },
        "steps": steps(one),
        "cause": cause,
        "log": {
            "lines": one.log_lines,
            "bytes": one.log_bytes,
            "first": first,
            "rows": viewer.rows(one, first, count, marks) if with_lines else [],
            "pages": pages(one, first),
            "marks": sorted(marks),
        },
        "here": here,
        "lines_url": reverse("intelligence:deployment-lines", args=[one.pk]),
        "find_url": reverse("intelligence:deployment-find", args=[one.pk]),
        "download_url": reverse("intelligence:deployment-download", args=[one.pk]),
        "cancel_url": reverse("intelligence:deployment-cancel", args=[one.pk]),
        "deploy_url": reverse("intelligence:deploy", args=[one.service_id]),
        "may_cancel": changes and one.status not in ENDED and one.origin in ("local", "hook"),
        "may_fix": changes and one.status == Status.FAILED,
        "may_deploy": changes and one.service.deployer != "none" and one.status in ENDED,
        "version": version("deployments"),
    }


def pages(one: Deployment, first: int) -> list[dict[str, Any]]:
    """Links to pages of the log, for readers without JavaScript."""
    count = -(-one.log_lines // viewer.PAGE)
    if count < 2:
        return []
    here = (first - 1) // viewer.PAGE + 1
    chosen = sorted({1, *range(max(1, here - 2), min(count, here + 2) + 1), count})
    return [{"label": str(n), "url": f"?page={n}#log", "current": n == here} for n in chosen]


def cause_of(one: Deployment) -> dict[str, Any]:
    """What is known of why it failed: {sentence, analysis, evidence: [{n, first, last, code, quote}]}.

    `analysis` is what the analyst found, None until it has looked. The page shows it as soon as it is there.
    """
    sentence = {
        "FAILED": one.reason or "It failed; nobody said why.",
        "CANCELLED": one.reason,
        "RUNNING": "It runs.",
    }.get(one.status, "It is under way.")
    return {"sentence": sentence, **explained(one)}


def explained(one: Deployment) -> dict[str, Any]:
    """What its newest finished analysis says, in the shape of `cause_of`; `reading` while one is under way."""
    newest = one.analyses.select_related("reviewed_by", "service").order_by("-created_at")
    done = newest.filter(state="done").first()
    reading = one.status == "FAILED" and not newest.exclude(state__in=("queued", "running")).exists()
    if done is None:
        return {"analysis": None, "evidence": [], "reading": reading}
    answer = shown.answer(done)
    evidence = [
        {"n": n, "first": p["lines"][0], "last": p["lines"][-1], "code": p["code"], "quote": p["quote"]}
        for n, p in enumerate(answer["patterns"] or [], start=1)
    ]
    steps = [shown.recommendation(step) for step in done.recommendations.order_by("n")[:5]]
    return {"analysis": {**shown.run_row(done), "steps": steps}, "evidence": evidence, "reading": reading}


def steps(one: Deployment) -> list[dict[str, Any]]:
    """The stepper: what is done, what runs, where it stopped, and how long each took."""
    stamps = {
        "QUEUED": one.created_at,
        "BUILDING": one.started_at,
        "DEPLOYING": one.deploying_at,
        "HEALTH_CHECK": one.checking_at,
    }
    ended = one.status in ENDED
    at = one.failed_in if one.status in (Status.FAILED, Status.CANCELLED) else one.status
    at = "HEALTH_CHECK" if at == "RUNNING" and one.status == FAILING else at
    place = STEPS.index(at) if at in STEPS else 0
    made = []
    for n, name in enumerate(STEPS[:-1]):
        state_ = "done" if n < place else ("stopped" if ended else "now") if n == place else ""
        made.append({"name": LABELS[name], "state": state_, "note": lasted(name, stamps, one.finished_at)})
    return made


def lasted(name: str, stamps: Mapping[str, datetime | None], finished: datetime | None) -> str:
    began = stamps[name]
    later = [moment for moment in (*stamps.values(), finished) if moment and began and moment > began]
    if began is None or not later:
        return ""
    seconds = int((min(later) - began).total_seconds())
    return f"{seconds // 60}:{seconds % 60:02d}"


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
        "health": health_of(service),
        "webhook_note": f"?service={service.pk}",
        "may_change": changes,
        "may_deploy": changes and service.deployer != "none",
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
