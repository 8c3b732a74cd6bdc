"""The tiles under it: what runs, spend against caps, services, providers, the last fixes."""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.http import urlencode

from aiops_site.overview.money import Money, share, share_of_money, share_of_tokens
from intelligence.fleet.pages import LABELS
from intelligence.models import ENDED, AnalysisRun, Deployment, Service, Status
from intelligence.models.analyses import DONE
from intelligence.models.analyses import QUEUED as ANALYSIS_QUEUED
from intelligence.models.analyses import RUNNING as ANALYSIS_RUNNING
from jules.models import OPEN_STATES as FIX_OPEN
from jules.models import FixAttempt
from jules.rows import TITLES, badge, badge_text
from providers.configuration import board
from providers.configuration.current import Current
from providers.format import exact_count
from providers.resilience import health
from providers.views import caps_site
from senate.models import OPEN_STATES, SenateSession

MOST = 7
PHASES = {"propose": "Proposing", "review": "Reviewing", "chair": "Chair"}  # as the list of sessions says it
LAST_FIXES = 5


def running(user: Any) -> list[dict[str, Any]]:
    """{id, question, phase, state, url, kind} of what is at work: sessions, fixes, deployments, analyses."""
    return [*_sessions(user), *_fixes_at_work(user), *_deployments(user), *_analyses(user)]


def _sessions(user: Any) -> list[dict[str, Any]]:
    rows = SenateSession.objects.visible_to(user).filter(state__in=OPEN_STATES)
    return [
        _row(pk, question, PHASES.get(phase, "Writing"), state, "Session", reverse("senate:session", args=[pk]))
        for pk, question, phase, state in rows.values_list("pk", "question", "phase", "state")[:MOST]
    ]


def _fixes_at_work(user: Any) -> list[dict[str, Any]]:
    rows = FixAttempt.objects.visible_to(user).filter(state__in=FIX_OPEN).exclude(approval__state="pending")
    return [
        _row(pk, f"Fix of {service}", TITLES.get(step, ""), state, "Fix", reverse("jules:attempt", args=[pk]))
        for pk, service, step, state in rows.values_list("pk", "service__name", "step", "state")[:MOST]
    ]


def _deployments(user: Any) -> list[dict[str, Any]]:
    rows = Deployment.objects.visible_to(user).exclude(status__in=ENDED)
    found = []
    for pk, service, status in rows.values_list("pk", "service__name", "status")[:MOST]:
        state = "queued" if status == Status.QUEUED else "running"
        url = reverse("intelligence:deployment", args=[pk])
        found.append(_row(str(pk), service, LABELS[status], state, "Deployment", url))
    return found


def _analyses(user: Any) -> list[dict[str, Any]]:
    rows = AnalysisRun.objects.visible_to(user).filter(state__in=(ANALYSIS_QUEUED, ANALYSIS_RUNNING))
    found = []
    for pk, service, title, state in rows.values_list("pk", "service__name", "title", "state")[:MOST]:
        title = f"Log of {service}" if service else title or "A log that was given"
        url = reverse("intelligence:analysis", args=[pk])
        found.append(_row(str(pk), title, "Reading", state, "Analysis", url))
    return found


def _row(pk: Any, title: str, phase: str, state: str, kind: str, url: str) -> dict[str, Any]:
    return {"id": pk, "question": title, "phase": phase, "state": state, "kind": kind, "url": url}


def spend(user: Any, money: Money, now: datetime) -> dict[str, Any]:
    """The reader's own day, and the site's for those who see everyone's."""
    standing, nearer = money.own, "cap"
    if share_of_tokens(standing) > share_of_money(standing):
        nearer = f"{exact_count(standing.token_cap)} tokens"
    return {
        "today": standing.used_usd,
        "cap": standing.cost_cap_usd,
        "reserved": standing.reserved_usd,
        "share_percent": share(standing),
        "nearer": nearer,
        "url": f"{reverse('providers:usage')}?{urlencode({'range': 'today', 'user': user.get_username()})}",
        "site": caps_site.shown(user, now, money.config, money.site) if money.site else [],
    }


def provider_states(saved: Current, now: datetime) -> list[dict[str, Any]]:
    """Providers with a key, in the admin's order, with the state that their rows show."""
    entries = [entry for entry in saved.directory.entries.values() if entry.has_key]
    found = health.states(entries, now, board.keyed_at(saved.directory), saved.config)
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
    """{all, well, broken, broken_ids, failing: [{id, name, url, at, reason, cause}]}.

    The newest deployment decides; `broken` is how many fail, `failing` the newest of them."""
    newest = Deployment.objects.filter(service=OuterRef("pk")).order_by("-created_at", "-id")
    rows = Service.objects.annotate(
        state=Subquery(newest.values("status")[:1]), last=Subquery(newest.values("pk")[:1])
    )
    states = list(rows.order_by().values_list("pk", "state", "last"))
    broken = {pk: last for pk, state, last in states if state == Status.FAILED}
    causes = AnalysisRun.objects.filter(deployment=OuterRef("pk"), state=DONE).order_by("-created_at")
    failed = Deployment.objects.filter(pk__in=broken.values()).order_by("-finished_at")
    failed = failed.annotate(cause=Subquery(causes.values("result__cause")[:1]))
    named = failed.values_list("pk", "service", "service__name", "finished_at", "created_at", "reason", "cause")
    return {
        "all": len(states),
        "well": sum(state == Status.RUNNING for _, state, _ in states),
        "broken": len(broken),
        "broken_ids": list(broken),
        "failing": [
            {
                "id": service,
                "name": name,
                "url": reverse("intelligence:deployment", args=[pk]),
                "at": ended or began,
                "reason": reason,
                "cause": cause or "",
            }
            for pk, service, name, ended, began, reason, cause in named[:MOST]
        ],
    }


def fixes(user: Any) -> list[dict[str, Any]]:
    rows = FixAttempt.objects.visible_to(user).select_related("service", "approval")[:LAST_FIXES]
    return [
        {
            "url": reverse("jules:attempt", args=[one.pk]),
            "service": one.service.name,
            "what": one.description or one.error or one.cause,
            "badge": (word := badge(one)),
            "badge_text": badge_text(word),
            "pull": f"#{one.pr_number} {one.pr_state}" if one.pr_number else "",
            "at": one.created_at,
        }
        for one in rows
    ]
