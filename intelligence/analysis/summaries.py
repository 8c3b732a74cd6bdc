"""A deployment that has ended, in a few sentences: how it ended, why, and how that stands beside those before it.

Written by rules once it is over, and again where its analysis says something new; kept on its row, so that it
stays true whatever comes later. Nothing in it is relative to the reader's time.
"""

from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from intelligence.models import ENDED, Deployment, Status
from intelligence.models.analyses import DONE, FAILED, FAILURE

BATCH = 100
WAIT = timedelta(minutes=2)  # for the analysis of a failure
BEFORE = 20  # deployments that it is compared with
SLOW, WORTH_TELLING_S = 1.5, 20.0  # times the usual; shorter ones are not compared
SENTENCE = 300  # characters of a cause


def waiting() -> QuerySet[Deployment]:
    """Ended ones without a summary; a failed one once its analysis is over, or has taken too long."""
    explained = Q(analyses__cause_of_run=FAILURE, analyses__state__in=(DONE, FAILED))
    ready = ~Q(status=Status.FAILED) | explained | Q(finished_at__lt=timezone.now() - WAIT)
    return Deployment.objects.filter(ready, status__in=ENDED, summarised_at=None).distinct()


def write_waiting() -> int:
    """How many were written. Bounded; the newest first."""
    rows = waiting().order_by("-created_at")[:BATCH]
    for one in rows:
        write(one)
    return len(rows)


def write(one: Deployment) -> None:
    Deployment.objects.filter(pk=one.pk).update(summary=summary_of(one), summarised_at=timezone.now())


def anew(deployment_id: UUID) -> None:
    """Its analysis has something to say."""
    Deployment.objects.filter(pk=deployment_id).update(summarised_at=None)


def summary_of(one: Deployment) -> str:
    return " ".join(filter(None, (_ended(one), _why(one), beside(one))))


def _ended(one: Deployment) -> str:
    reported = one.status == Status.FAILED and one.failed_in == Status.QUEUED  # nobody told of a step
    seconds, where = seconds_of(one), f" in {one.failed_in}" if one.failed_in and not reported else ""
    after = f" after {clock(seconds)}" if seconds is not None else ""
    if one.status == Status.RUNNING:
        built = _between(one.started_at, one.deploying_at)
        return f"Runs{after}{f', {clock(built)} of it building' if built else ''}."
    return f"{'Failed' if one.status == Status.FAILED else 'Cancelled'}{where}{after}."


def _why(one: Deployment) -> str:
    if one.status == Status.RUNNING:
        return ""
    run = one.analyses.filter(cause_of_run=FAILURE, state=DONE).first() if one.status == Status.FAILED else None
    result = (run.result if run else None) or {}
    if not result.get("primary"):
        return sentence(one.reason)
    first = next((p for p in result["patterns"] if p["code"] == result["primary"]), None)
    line = f" (line {first['lines'][0]:,})" if first and first.get("lines") else ""
    return sentence(f"{result['primary']}{line}: {result['cause'][:SENTENCE]}")


def sentence(text: str) -> str:
    return f"{text.rstrip(' .')}." if text.strip(" .") else ""


def beside(one: Deployment) -> str:
    """What came before it, of the same service and environment."""
    same = Deployment.objects.filter(service=one.service_id, environment=one.environment, status__in=ENDED)
    rows = same.filter(created_at__lt=one.created_at).exclude(status=Status.CANCELLED).order_by("-created_at")
    before = list(rows[:BEFORE])
    failures = next((n for n, row in enumerate(before) if row.status == Status.RUNNING), len(before))
    if one.status == Status.FAILED:
        ran = before[failures] if failures < len(before) else None
        many = f"It is failure {failures + 1} in a row." if failures else ""
        last = f"Last to run: {named(ran)}." if ran else ("None ran before." if before else "")
        return " ".join(filter(None, (many, last)))
    if one.status != Status.RUNNING:
        return ""
    after = f"The first to run after {failures} failure{'s' if failures > 1 else ''}." if failures else ""
    return " ".join(filter(None, (after, _slow(one, before))))


def _slow(one: Deployment, before: list[Deployment]) -> str:
    known = [took for row in before if row.status == Status.RUNNING and (took := seconds_of(row))]
    took = seconds_of(one)
    usual = median(known) if len(known) >= 3 else 0
    if not took or took < WORTH_TELLING_S or not usual or took < SLOW * usual:
        return ""
    return f"It took {took / usual:.1f} times as long as usual ({clock(usual)})."


def named(one: Deployment) -> str:
    return f"{one.commit[:8] or one.branch or 'one'} of {one.created_at:%b %-d, %H:%M} UTC"


def seconds_of(one: Deployment) -> float | None:
    """How long it took from its start; None where that was not told."""
    return _between(one.started_at, one.finished_at) or None


def _between(begin: datetime | None, end: datetime | None) -> float:
    """Seconds; less than one is nothing that a reader wants to know."""
    seconds = (end - begin).total_seconds() if begin and end else 0.0
    return seconds if seconds >= 1 else 0.0


def clock(seconds: float) -> str:
    whole = round(seconds)
    hours = f"{whole // 3600}:{whole // 60 % 60:02d}" if whole >= 3600 else str(whole // 60)
    return f"{hours}:{whole % 60:02d}"


def week_of(service_id: UUID) -> dict[str, object] | None:
    """{sentence, count, failed, seconds}: seven days of a service; None where nothing ended in them."""
    since = timezone.now() - timedelta(days=7)
    rows = Deployment.objects.filter(service=service_id, status__in=ENDED, finished_at__gte=since)
    found = list(rows.only("status", "started_at", "finished_at").order_by("-finished_at")[:1_000])
    if not found:
        return None
    failed = sum(1 for row in found if row.status == Status.FAILED)
    took = [seconds for row in found if row.status == Status.RUNNING and (seconds := seconds_of(row))]
    ran = sum(1 for row in found if row.status == Status.RUNNING)
    usual = median(took) if took else None
    middle = f", half of them within {clock(usual)}" if usual else ""
    many = f"{len(found)} deployment{'s' if len(found) > 1 else ''}"
    return {
        "sentence": f"{many} ended in seven days: {ran} ran{middle}, {failed} failed.",
        "count": len(found),
        "failed": failed,
        "seconds": usual,
    }
