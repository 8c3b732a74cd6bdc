"""The tiles under it: what runs, spend against caps, services, providers, the last fixes."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.http import urlencode

from aiops_site.overview.needs import share, share_of_money, share_of_tokens
from intelligence.models import ENDED, AnalysisRun, Deployment, Incident, Service, Status
from intelligence.models.analyses import DONE
from intelligence.models.analyses import QUEUED as ANALYSIS_QUEUED
from intelligence.models.analyses import RUNNING as ANALYSIS_RUNNING
from intelligence.pages import LABELS
from jules.models import OPEN_STATES as FIX_OPEN
from jules.models import FixAttempt
from jules.rows import TITLES, badge
from providers import board, caps, health
from providers.directory import Directory
from providers.format import exact_count
from providers.roles import may
from providers.views import caps_site
from senate.models import OPEN_STATES, SenateSession

MOST = 7
LAST_FIXES = 5


def running(user: Any) -> list[dict[str, Any]]:
    """{id, question, phase, state, url, kind} of what is at work: sessions, fixes, deployments, analyses."""
    sessions = SenateSession.objects.visible_to(user).filter(state__in=OPEN_STATES)[:MOST]
    found = [
        _row(row.pk, row.question, row.phase, row.state, "Session", reverse("senate:session", args=[row.pk]))
        for row in sessions
    ]
    fixes = FixAttempt.objects.visible_to(user).filter(state__in=FIX_OPEN).exclude(approval__state="pending")
    for fix in fixes.select_related("service")[:MOST]:
        title = f"Fix of {fix.service.name}"
        url = reverse("jules:attempt", args=[fix.pk])
        found.append(_row(fix.pk, title, TITLES.get(fix.step, ""), fix.state, "Fix", url))
    moving = Deployment.objects.visible_to(user).exclude(status__in=ENDED)
    for row in moving.select_related("service")[:MOST]:
        state = "queued" if row.status == Status.QUEUED else "running"
        url = reverse("intelligence:deployment", args=[row.pk])
        found.append(_row(str(row.pk), row.service.name, LABELS[row.status], state, "Deployment", url))
    reading = AnalysisRun.objects.visible_to(user).filter(state__in=(ANALYSIS_QUEUED, ANALYSIS_RUNNING))
    for run in reading.select_related("service")[:MOST]:
        title = f"Log of {run.service.name}" if run.service else run.title or "A log that was given"
        url = reverse("intelligence:analysis", args=[run.pk])
        found.append(_row(str(run.pk), title, "Reading", run.state, "Analysis", url))
    return found


def _row(pk: Any, title: str, phase: str, state: str, kind: str, url: str) -> dict[str, Any]:
    return {"id": pk, "question": title, "phase": phase, "state": state, "kind": kind, "url": url}


def spend(user: Any, standing: caps.CapStanding) -> dict[str, Any]:
    """The reader's own day, and the site's for those who see everyone's."""
    nearer = "cap"
    if share_of_tokens(standing) > share_of_money(standing):
        nearer = f"{exact_count(standing.token_cap)} tokens"
    everyone = may(user, "see everyone's usage")
    return {
        "today": standing.used_usd,
        "cap": standing.cost_cap_usd,
        "reserved": standing.reserved_usd,
        "share_percent": share(standing),
        "nearer": nearer,
        "url": f"{reverse('providers:usage')}?{urlencode({'range': 'today', 'user': user.get_username()})}",
        "site": caps_site.budgets(user, datetime.now(UTC)) if everyone else [],
    }


def provider_states(directory: Directory) -> list[dict[str, Any]]:
    """Providers with a key, in the admin's order, with the state that their rows show."""
    entries = [entry for entry in directory.entries.values() if entry.has_key]
    found = health.of(entries, datetime.now(UTC), board.keyed_at(directory))
    return [
        {
            "name": entry.row.name,
            "slug": entry.row.slug,
            "monogram": entry.row.monogram,
            "slot": entry.slot,
            "state": found[entry.row.slug].badge,
            "text": found[entry.row.slug].badge_text,
            "trouble": found[entry.row.slug].trouble,
            "sentence": found[entry.row.slug].detail,
        }
        for entry in entries
    ]


def services() -> dict[str, Any]:
    """{all, well, broken, broken_ids, incidents, failing: [{id, name, url, at, reason, cause}]}.

    The newest deployment decides; `broken` is how many fail, `failing` the newest of them."""
    newest = Deployment.objects.filter(service=OuterRef("pk")).order_by("-created_at", "-id")
    rows = Service.objects.annotate(
        state=Subquery(newest.values("status")[:1]), last=Subquery(newest.values("pk")[:1])
    )
    states = list(rows.order_by().values_list("pk", "state", "last"))
    broken = {pk: last for pk, state, last in states if state == Status.FAILED}
    causes = AnalysisRun.objects.filter(deployment=OuterRef("pk"), state=DONE).order_by("-created_at")
    failed = Deployment.objects.filter(pk__in=broken.values()).select_related("service")
    failed = failed.annotate(cause=Subquery(causes.values("result__cause")[:1])).order_by("-finished_at")
    return {
        "all": len(states),
        "well": sum(state == Status.RUNNING for _, state, _ in states),
        "broken": len(broken),
        "broken_ids": list(broken),
        "incidents": Incident.objects.filter(state="open").count(),
        "failing": [
            {
                "id": one.service_id,
                "name": one.service.name,
                "url": reverse("intelligence:deployment", args=[one.pk]),
                "at": one.finished_at or one.created_at,
                "reason": one.reason,
                "cause": one.cause or "",
            }
            for one in failed[:MOST]
        ],
    }


def fixes(user: Any) -> list[dict[str, Any]]:
    rows = FixAttempt.objects.visible_to(user).select_related("service", "approval")[:LAST_FIXES]
    return [
        {
            "url": reverse("jules:attempt", args=[one.pk]),
            "service": one.service.name,
            "what": one.description or one.error or one.cause,
            "badge": badge(one),
            "pull": f"#{one.pr_number} {one.pr_state}" if one.pr_number else "",
            "at": one.created_at,
        }
        for one in rows
    ]
