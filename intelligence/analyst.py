"""The door of log analysis: a deployment or a log goes in, an answer comes out, with the lines that prove it.

    analyse(log)                       the rules alone: nothing asked, nothing stored
    analyze(deployment, "hybrid")      a stored run: rules, and the active model where there is one
    start(...) then perform(run.pk)    the same in two steps, the second in a worker

Modes: `rules` asks nobody; `hybrid` keeps what the rules found and adds what a model can prove with a quote;
`ai` is the model's view alone. Where no model can answer, the rules do, and the answer says why.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from intelligence import nudges
from intelligence.analysis import given, runs
from intelligence.analysis.quotes import Checked, Claim, check_quotes
from intelligence.models import AnalysisRun, Deployment
from intelligence.models.analyses import MODES
from intelligence.rules.analysis import analyse
from intelligence.rules.types import Analysis
from providers.exceptions import InvalidInput

__all__ = ["Analysis", "Checked", "Claim", "analyse", "analyze", "check_quotes", "perform", "start"]


def analyze(
    subject: Deployment | str | bytes | Iterable[bytes], mode: str = "rules", *, by: Any = None, title: str = ""
) -> AnalysisRun:
    """A finished run. Blocks while a model is asked. Errors: InvalidInput for a log that can't be taken."""
    run = _made(subject, mode, by, title)
    runs.perform(run.pk)
    run.refresh_from_db()
    return run


def start(
    subject: Deployment | str | bytes | Iterable[bytes], mode: str = "hybrid", *, by: Any = None, title: str = ""
) -> AnalysisRun:
    """The same, for a worker to do: a queued run. Errors: those of `analyze`."""
    run = _made(subject, mode, by, title)
    nudges.analyst(run.pk)
    return run


def perform(run_id: UUID) -> bool:
    """Does a run that nobody works on; False where there is nothing to do."""
    return runs.perform(run_id)


def _made(subject: Any, mode: str, by: Any, title: str) -> AnalysisRun:
    if mode not in MODES:
        raise InvalidInput(f"A mode is {', '.join(MODES)}, not {str(mode)[:40]!r}.", param="mode")
    who = by if getattr(by, "pk", None) else None
    if isinstance(subject, Deployment):
        about = {"deployment": subject, "service": subject.service, "log_bytes": subject.log_bytes}
        return AnalysisRun.objects.create(mode=mode, requested_by=who, title=title[:200], **about)
    raw = subject.encode("utf-8", "replace") if isinstance(subject, str) else subject
    pieces = [raw] if isinstance(raw, bytes) else raw
    with transaction.atomic():
        about = {"requested_by": who, "title": (title or "A log that was given")[:200]}
        run = AnalysisRun.objects.create(mode=mode, **about)
        run.log_bytes = given.store(run, pieces)
        run.save(update_fields=["log_bytes"])
    return run
