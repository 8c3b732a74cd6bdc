"""What is to be done: kept once per incident, accepted or rejected by a person."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from intelligence.models import AnalysisRun, Incident, Recommendation
from providers.exceptions import InvalidInput, NotFound
from providers.trail import audit

DECISIONS = ("open", "accepted", "rejected")
MOST = 40


def keep(run: AnalysisRun, incident: Incident | None, found: Sequence[dict[str, Any]]) -> None:
    """Stores them; what an earlier run of the same incident said already is not said again, so what was rejected
    stays rejected."""
    known = set(run.recommendations.values_list("digest", flat=True))
    if incident is not None:
        known |= set(incident.recommendations.values_list("digest", flat=True))
    for n, one in enumerate(found[:MOST]):
        digest = hashlib.sha256(" ".join(one["text"].lower().split()).encode()).hexdigest()
        if digest not in known:
            known.add(digest)
            Recommendation.objects.create(run=run, incident=incident, n=n, digest=digest, **one)


def decide(user: Any, pk: Any, state: str, why: str = "") -> Recommendation:
    """Accepts, rejects or opens it again. Errors: NotFound; InvalidInput for a rejection without a reason."""
    if state not in DECISIONS:
        raise InvalidInput(f"A recommendation is {', '.join(DECISIONS)}.", param="state")
    why = why.strip()
    if state == "rejected" and not why:
        raise InvalidInput("Say why it is rejected.", param="why")
    with transaction.atomic():
        found = Recommendation.objects.visible_to(user).select_for_update().filter(pk=pk).first()
        if found is None:
            raise NotFound("There is no such recommendation for you.")
        before, decided = found.state, state != "open"
        found.state, found.why = state, why[:2_000]
        found.decided_by, found.decided_at = (user, timezone.now()) if decided else (None, None)
        found.save()
        thing = audit.Thing("recommendation", str(found.pk), found.text[:120])
        about = {"before": {"state": before}, "after": {"state": state}}
        audit.record(f"recommendation.{state}", thing, reason=why, **about)
    return found


def of(run: AnalysisRun) -> QuerySet[Recommendation]:
    """What is recommended for it; of a repeat what its incident has already, for it makes no second copy."""
    rows = (
        Recommendation.objects.filter(incident=run.incident_id) if run.incident_id else run.recommendations.all()
    )
    return rows.select_related("decided_by").order_by("run__created_at", "n")
