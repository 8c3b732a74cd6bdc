"""The life of an analysis: claimed by one worker, read, asked about, stored. Sync; a model is waited for."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from intelligence.analysis import given, incidents, recommendations, summaries
from intelligence.analysis.advice import Advice, Subject, claims_of, local, merged, quotes_in
from intelligence.analysis.reducer import reduce_log
from intelligence.logs import logbook
from intelligence.models import AnalysisRun, Deployment, Status
from intelligence.models.analyses import DONE, FAILED, FAILURE, QUEUED, RUNNING
from intelligence.providers import get_provider
from intelligence.providers.base import LOG_CHARS
from intelligence.rules.analysis import analyse
from intelligence.rules.types import Analysis

LEASE = timedelta(seconds=150)  # longer than the longest wait for a model
MOST_CLAIMS = 3
TELL_EVERY_S = 0.5
WHOLE = 4 << 20  # bytes of a log that are reduced whole; of a longer one its parts that decide
BEFORE, AROUND, AFTER = 1 << 20, 128 << 10, 2 << 20
BATCH, YOUNG = 50, timedelta(days=1)
NO_MODEL = "No model is chosen for log analysis. An admin chooses one under Settings > Log analysis."
LOST = "The workers that had this analysis were lost three times."
logger = logging.getLogger(__name__)


def waiting() -> QuerySet[AnalysisRun]:
    """Runs that nobody works on."""
    lost = Q(state=RUNNING, claim_until__lt=timezone.now())
    return AnalysisRun.objects.filter(Q(state=QUEUED) | lost)


def perform(run_id: UUID) -> bool:
    """Claims the run and does it. A failure of our own is its end, with a sentence; it is never tried for ever."""
    token, now = uuid4().hex, timezone.now()
    mine = waiting().filter(pk=run_id, claims__lt=MOST_CLAIMS)
    if not mine.update(state=RUNNING, claim=token, claim_until=now + LEASE, claims=F("claims") + 1):
        return False
    run = AnalysisRun.objects.select_related("deployment", "service").get(pk=run_id)
    try:
        _finish(run, *_answered(run))
    except Exception:
        logger.exception("analysis %s failed", run_id)
        fields = {"state": FAILED, "error": "The analysis failed for a reason of its own; see the log."}
        _mine(run).update(**fields, claim="", claim_until=None, finished_at=timezone.now())
    return True


def give_up_lost() -> int:
    """Ends runs that were claimed too often. How many."""
    hopeless = waiting().filter(claims__gte=MOST_CLAIMS)
    return hopeless.update(state=FAILED, error=LOST, claim="", claim_until=None, finished_at=timezone.now())


def for_failures() -> list[AnalysisRun]:
    """A run for each failed deployment that has none yet; one whose log has grown since is done again."""
    since = timezone.now() - YOUNG
    failed = Deployment.objects.filter(status=Status.FAILED, finished_at__gte=since)
    fresh = failed.exclude(analyses__cause_of_run=FAILURE).order_by("-finished_at")[:BATCH]
    made = [run for deployment in fresh if (run := for_failure(deployment)) is not None]
    grown = AnalysisRun.objects.filter(
        cause_of_run=FAILURE, state=DONE, deployment__in=failed, log_bytes__lt=F("deployment__log_bytes")
    ).select_related("deployment")[:BATCH]
    for run in grown:
        again = {"state": QUEUED, "claims": 0, "log_bytes": run.deployment.log_bytes, "result": run.result}
        if AnalysisRun.objects.filter(pk=run.pk, state=DONE).update(**again):
            made.append(run)
    return made


def for_failure(deployment: Deployment) -> AnalysisRun | None:
    """Its one run. None where it did not fail."""
    if deployment.status != Status.FAILED:
        return None
    about = {"service": deployment.service, "log_bytes": deployment.log_bytes, "mode": "hybrid"}
    run, _ = AnalysisRun.objects.get_or_create(deployment=deployment, cause_of_run=FAILURE, defaults=about)
    return run


def chunks_of(run: AnalysisRun) -> Iterator[bytes]:
    """Its log, redacted as it is stored."""
    return logbook.stream(run.deployment) if run.deployment_id else given.stream(run)


def _answered(run: AnalysisRun) -> tuple[dict[str, Any], Advice | None]:
    """The answer as plain values, and who gave it."""
    findings = analyse(_told(run))
    result = findings.as_dict() | {"recommendations": local(findings), "evidence": []}
    if not _asks(run, findings):
        return result, None
    excerpt = reduce_log(_deciding_parts(run, findings), LOG_CHARS)
    subject = Subject(_name(run), findings, excerpt, run.session_id, str(run.service_id or ""))
    advice = get_provider().run(subject)
    if advice.said is None:
        unasked = run.mode == "ai" and not advice.fallback
        return result, replace(advice, fallback=NO_MODEL) if unasked else advice
    _mine(run).update(claim_until=timezone.now() + LEASE)
    checked = quotes_in(claims_of(advice.said), chunks_of(run))
    return merged(findings, advice.said, checked, run.mode), advice


def _asks(run: AnalysisRun, findings: Analysis) -> bool:
    """Nobody is asked about a log that tells of no failure, unless its deployment failed."""
    if run.mode == "rules" or not findings.scanned.bytes:
        return False
    failed = run.deployment_id and run.deployment.status == Status.FAILED
    return run.mode == "ai" or bool(failed) or not findings.healthy


def _told(run: AnalysisRun) -> Iterator[bytes]:
    """The log, while its row says how far it has been read."""
    size = lines = 0
    told = time.monotonic()
    for chunk in chunks_of(run):
        yield chunk
        size, lines = size + len(chunk), lines + chunk.count(b"\n")
        if time.monotonic() - told >= TELL_EVERY_S:
            told = time.monotonic()
            _mine(run).update(read_bytes=size, read_lines=lines, claim_until=timezone.now() + LEASE)
    _mine(run).update(read_bytes=size, read_lines=lines)


def _deciding_parts(run: AnalysisRun, findings: Analysis) -> str:
    """The log as text; of a long one its beginning, what stands around each finding, and its end."""
    whole = findings.scanned.bytes
    wanted = sorted({line for one in findings.patterns[:8] for line in one.lines})
    at, line, kept = 0, 1, list[bytes]()
    for chunk in chunks_of(run):
        ends = line + chunk.count(b"\n")
        if whole <= WHOLE or at < BEFORE or at + len(chunk) > whole - AFTER:
            kept.append(chunk)
        else:
            kept += [_around(chunk, one - line) for one in wanted if line <= one < ends]
        at, line = at + len(chunk), ends
    return b"".join(kept).decode("utf-8", "replace")


def _around(chunk: bytes, lines_in: int) -> bytes:
    """What stands around a line of a chunk."""
    place = 0
    for _ in range(lines_in):
        place = chunk.find(b"\n", place) + 1
    begin = chunk.rfind(b"\n", 0, max(0, place - AROUND // 2)) + 1
    return chunk[begin : place + AROUND // 2] + b"\n"


def _name(run: AnalysisRun) -> str:
    return run.service.name if run.service else run.title


def _mine(run: AnalysisRun) -> QuerySet[AnalysisRun]:
    return AnalysisRun.objects.filter(pk=run.pk, claim=run.claim, state=RUNNING)


def _finish(run: AnalysisRun, result: dict[str, Any], advice: Advice | None) -> None:
    """Stores the answer, its incident and its recommendations, all or none; nothing where the claim is gone."""
    said = advice is not None and advice.source == "ai"
    result["provider"] = advice.provider if said and advice else "local"
    fields = {
        "state": DONE,
        "result": result,
        "source": "ai" if said else "local",
        "provider": result["provider"],
        "fallback": advice.fallback if advice else "",
        "usage_log_id": (advice.log_id or None) if advice else None,
        "finished_at": timezone.now(),
        "claim": "",
        "claim_until": None,
    }
    with transaction.atomic():
        if not _mine(run).update(**fields):
            return
        if run.deployment_id and run.cause_of_run == FAILURE:
            summaries.anew(run.deployment_id)
        incident = incidents.of_run(run, result)
        AnalysisRun.objects.filter(pk=run.pk).update(incident=incident)
        recommendations.keep(run, incident, result["recommendations"])
