"""The topic that pages of services and deployments watch."""

import hashlib

from django.db.models import Max

from intelligence.models import ENDED, AnalysisRun, Deployment


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
