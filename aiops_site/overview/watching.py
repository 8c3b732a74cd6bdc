"""The topic `overview` of the live feed: a version that changes when the page would show something else."""

import hashlib

from django.db.models import Count, Max

from intelligence.models import Approval, Incident
from providers import watching
from providers.models import SiteDay
from senate.models import OPEN_STATES, SenateSession


def version() -> str:
    """About ten cheap queries."""
    open_ = SenateSession.objects.filter(state__in=OPEN_STATES).order_by("pk").values_list("pk", "state", "phase")
    approvals = Approval.objects.aggregate(many=Count("pk"), decided=Max("decided_at"))
    incidents = Incident.objects.aggregate(seen=Max("last_seen"), decided=Max("decided_at"))
    # Cents of the day: a call of a fraction of one moves no figure of the page.
    spent = [f"{row.used_usd:.2f}" for row in SiteDay.objects.order_by("-day")[:1]]
    topics = [watching.version("deployments"), watching.version("fixes")]
    parts = repr([list(open_[:200]), approvals, incidents, spent, topics])
    return hashlib.blake2s(parts.encode(), digest_size=6).hexdigest()
