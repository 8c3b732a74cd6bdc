"""The topics that pages of services, deployments and troubleshooting runs watch."""

import hashlib

from django.db.models import Count, Max

from intelligence.models import ENDED, AgentRun, AnalysisRun, Approval, Deployment


def deployments_version() -> str:
    """Changes with every status and with every line of a log that still grows. Three queries."""
    ended = Deployment.objects.filter(status__in=ENDED).aggregate(Max("finished_at"), Max("summarised_at"))
    now = list(
        Deployment.objects.exclude(status__in=ENDED)
        .order_by("-created_at")
        .values_list("pk", "status", "log_bytes")[:200]
    )
    explained = AnalysisRun.objects.filter(deployment__isnull=False).aggregate(Max("finished_at"))
    return hashlib.blake2s(repr((ended, now, explained)).encode(), digest_size=6).hexdigest()


def runs_version() -> str:
    """Changes with every step of every run, and with every decision on an approval. Two queries."""
    runs = AgentRun.objects.aggregate(newest=Max("updated_at"), many=Count("pk"))
    waiting = Approval.objects.filter(state="pending").count()
    return hashlib.blake2s(repr((runs, waiting)).encode(), digest_size=6).hexdigest()
