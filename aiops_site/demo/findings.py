"""Analyses, incidents and recommendations: the site's own rules, run over the made-up deployments' real logs."""

from datetime import timedelta
from typing import Any

from django.db.models import F

from aiops_site.demo import services
from intelligence.analysis import incidents, recommendations, runs
from intelligence.fleet import scans
from intelligence.models import AnalysisRun, Deployment, Incident, Recommendation, Status
from intelligence.models.analyses import FAILURE

TOOK = timedelta(seconds=4)
# Service, incident's class, what was decided, by whom, why.
DECIDED = (
    ("billing", "DEPENDENCY_FAILED", "resolved", "mara", "werkzeug is raised to 3.1.3."),
    ("ledger-sync", "DB_MIGRATION_FAILED", "resolved", "ivo", "The migration runs before the rollout now."),
    (
        "gateway",
        "PORT_IN_USE",
        "dismissed",
        "jun",
        "Two rollouts at once on one test machine.",
    ),
    ("mailer", "SERVICE_UNREACHABLE", "snoozed", "ada", "Redis is moved tonight."),
)


def write(team: dict[str, Any]) -> None:
    failed = Deployment.objects.filter(service__in=services.IDS, status=Status.FAILED).order_by("finished_at")
    for deployment in failed.select_related("service"):
        _analysed(deployment)
    for pk in services.IDS:
        scans.scan(pk)  # the samples of one of them tell of memory that grows
    for service, code, state, who, why in DECIDED:
        for one in Incident.objects.filter(service=services.id_of(service), code=code):
            incidents.decide(team[who], one.pk, state, why)
            Incident.objects.filter(pk=one.pk).update(decided_at=F("last_seen") + timedelta(hours=2))
    _recommendations(team)


def _analysed(deployment: Deployment) -> None:
    """By rules alone: no model is asked about made-up failures. The same failure again counts up its incident."""
    run = AnalysisRun.objects.create(
        service=deployment.service,
        deployment=deployment,
        cause_of_run=FAILURE,
        mode="rules",
        log_bytes=deployment.log_bytes,
    )
    runs.perform(run.pk)
    at = deployment.finished_at + TOOK
    AnalysisRun.objects.filter(pk=run.pk).update(created_at=deployment.finished_at, finished_at=at)
    Recommendation.objects.filter(run=run).update(created_at=at)


def _recommendations(team: dict[str, Any]) -> None:
    rows = Recommendation.objects.filter(run__service__in=services.IDS).order_by("created_at", "n")
    for number, row in enumerate(rows[:5]):
        if number == 3:
            recommendations.decide(team["jun"], row.pk, "rejected", "It hides the cause.")
        else:
            recommendations.decide(team["mara"], row.pk, "accepted")
