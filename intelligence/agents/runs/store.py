"""The rows of troubleshooting runs: who holds a claim, what was thought and called, how it ended. Sync.

A run has one writer: whoever holds its claim. A tool's call is a row before it is made, and leaves `waiting` once.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from intelligence.agents.runs.types import Asked, Ending, Turn
from intelligence.models import AgentRun, AgentStep, Approval
from intelligence.models.agent_runs import OPEN_RUN
from intelligence.models.approvals import WAITING
from providers.exceptions import BudgetExceeded
from providers.fields import MoneyField
from providers.trail import audit

CLAIM_FOR = timedelta(seconds=30)
QUEUE_FOR = timedelta(minutes=30)
MOST_CLAIMS = 5
LOST = "The workers that had this run were lost {} times."
CANCELLED = "Cancelled."


class LeaseLost(Exception):
    """Another worker has the run, or it has ended: stop, and write nothing more."""


def thing(run: AgentRun) -> audit.Thing:
    """As the audit log names it."""
    return audit.Thing("agent run", str(run.pk), run.question[:120])


def claim(run_id: UUID, token: str) -> AgentRun | None:
    """Takes a run that nobody works on. None where somebody does, it has ended, or waits for a decision."""
    now = timezone.now()
    taken = (
        _free()
        .filter(pk=run_id)
        .update(
            state="running",
            claimed_by=token,
            claim_expires_at=now + CLAIM_FOR,
            claims=F("claims") + 1,
            started_at=Coalesce(F("started_at"), now),
            updated_at=now,
        )
    )
    return AgentRun.objects.select_related("service", "owner", "incident").get(pk=run_id) if taken else None


def _free() -> Any:
    """Open ones that nobody works on, but for those that a person has to decide on."""
    now = timezone.now()
    free = Q(claimed_by="") | Q(claim_expires_at__lt=now)
    undecided = Q(approval__state__in=(WAITING, "approved", "executing"))
    asked = AgentStep.objects.filter(undecided, state="approval", approval__expires_at__gt=now)
    waits = Q(state="waiting", cancel_requested=False, pk__in=asked.values("run"))
    return AgentRun.objects.filter(free, state__in=OPEN_RUN).exclude(waits)


def beat(tokens: Sequence[str]) -> list[str]:
    """Renews these claims; the tokens that no longer hold one are returned."""
    mine = AgentRun.objects.filter(claimed_by__in=tokens, state="running")
    mine.update(claim_expires_at=timezone.now() + CLAIM_FOR)
    return sorted(set(tokens) - set(mine.values_list("claimed_by", flat=True)))


def cancelled(ids: Sequence[UUID]) -> list[UUID]:
    """Those of these runs that somebody has cancelled."""
    return list(AgentRun.objects.filter(pk__in=ids, cancel_requested=True).values_list("pk", flat=True))


def write(run_id: UUID, token: str, **columns: Any) -> None:
    """Sets columns while `token` holds the claim. Errors: LeaseLost."""
    mine = AgentRun.objects.filter(pk=run_id, claimed_by=token, state="running")
    if not mine.update(updated_at=timezone.now(), **columns):
        raise LeaseLost(f"run {run_id} is no longer ours")


def steps(run_id: UUID) -> list[AgentStep]:
    return list(AgentStep.objects.filter(run_id=run_id).select_related("approval").order_by("n"))


def wants_cancel(run_id: UUID) -> bool:
    return AgentRun.objects.filter(pk=run_id, cancel_requested=True).exists()


def add_turn(run: AgentRun, token: str, turn: Turn, seconds: float) -> None:
    """Stores a thought and the calls that it asks for, all or none. Errors: LeaseLost."""
    now = timezone.now()
    with transaction.atomic():
        spent = {"cost_usd": _more(turn.cost_usd), "seconds": F("seconds") + seconds}
        write(run.pk, token, mind=turn.mind, provider=turn.provider, model=turn.model, **spent)
        n = AgentStep.objects.filter(run=run).count() + 1
        calls = [asked.as_openai() for asked in turn.asked]
        about = {"started_at": now - timedelta(seconds=seconds), "finished_at": now, "log_id": turn.log_id or None}
        made = [AgentStep(run=run, n=n, kind="think", turn=n, text=turn.text, calls=calls, **about)]
        made[0].cost_usd = turn.cost_usd
        for at, asked in enumerate(turn.asked, start=1):
            made.append(_called(run, n, at, asked))
        AgentStep.objects.bulk_create(made)


def _called(run: AgentRun, turn: int, at: int, asked: Asked) -> AgentStep:
    state = "refused" if asked.error else "waiting"
    about = {"tool": asked.name[:64], "arguments": asked.arguments, "call_id": asked.id, "error": asked.error}
    return AgentStep(run=run, n=turn + at, kind="tool", turn=turn, state=state, **about)


def conclude(run: AgentRun, token: str, turn: Turn, seconds: float, ending: Ending) -> None:
    """Stores the last thought and the end that it is, both or none. Errors: LeaseLost."""
    with transaction.atomic():
        add_turn(run, token, turn, seconds)
        end(run.pk, token, ending)


def _more(usd: Decimal) -> Any:
    return F("cost_usd") + Value(usd, output_field=MoneyField())


def begin(step: AgentStep, token: str) -> bool:
    """Moves a call from waiting to running; False where it was begun before. Errors: LeaseLost."""
    with transaction.atomic():
        write(step.run_id, token, steps_used=F("steps_used") + 1)
        mine = AgentStep.objects.filter(pk=step.pk, state="waiting")
        begun = bool(mine.update(state="running", started_at=timezone.now()))
        if not begun:
            transaction.set_rollback(True)
    return begun


def finish(step: AgentStep, token: str, state: str, **columns: Any) -> None:
    """How a call ended, or that a person decides on it. Errors: LeaseLost."""
    now = timezone.now()
    begun = step.started_at or now
    seconds = (now - begun).total_seconds() if state != "approval" and step.state == "running" else 0.0
    with transaction.atomic():
        write(step.run_id, token, seconds=F("seconds") + seconds)
        ended = {} if state == "approval" else {"finished_at": now}
        AgentStep.objects.filter(pk=step.pk).update(state=state, **ended, **columns)


def charge(run_id: UUID, usd: Decimal) -> None:
    """Counts as spent what a call of the run sets going, at its worst, for it goes on after the call has ended. In
    the transaction that stores what is set going: both or none, whoever else charges. Errors: BudgetExceeded."""
    within = AgentRun.objects.filter(most_usd__gte=_more(usd), pk=run_id, state="running")
    if not within.update(cost_usd=_more(usd)):
        run = AgentRun.objects.get(pk=run_id)
        left = max(run.most_usd - run.cost_usd, Decimal(0)) if run.state == "running" else Decimal(0)
        raise BudgetExceeded(f"This could cost ${usd:.4f}, and ${left:.4f} of the run's budget are left.")


def waits(run_id: UUID, token: str) -> None:
    """Gives the claim up until a person has decided. Errors: LeaseLost."""
    write(run_id, token, state="waiting", claimed_by="", claim_expires_at=None, claims=F("claims") - 1)


def hand_back(run_id: UUID, token: str) -> None:
    """Gives the claim up, so that another worker goes on at once (a worker that is being stopped)."""
    mine = AgentRun.objects.filter(pk=run_id, claimed_by=token, state="running")
    mine.update(claimed_by="", claim_expires_at=None, claims=F("claims") - 1, updated_at=timezone.now())


def end(run_id: UUID, token: str, ending: Ending) -> None:
    """The run has ended. Calls that were not made are cancelled. Errors: LeaseLost."""
    now = timezone.now()
    with transaction.atomic():
        run = AgentRun.objects.select_related("owner").get(pk=run_id)
        ended = {"state": ending.state, "reason": ending.reason, "finished_at": now}
        said = {"answer": ending.answer, "evidence": ending.evidence, "unproven": ending.unproven}
        write(run_id, token, claimed_by="", claim_expires_at=None, **ended, **said)
        left = AgentStep.objects.filter(run_id=run_id, kind="tool")
        asked = list(left.filter(state="approval").values_list("approval_id", flat=True))
        left.filter(state__in=("waiting", "approval")).update(state="cancelled", finished_at=now)
        left.filter(state="running").update(state="lost", finished_at=now)
        Approval.objects.filter(pk__in=asked, state=WAITING).update(state="cancelled")
        about = {"state": ending.state, "steps": run.steps_used, "cost_usd": run.cost_usd}
        audit.record("agent.run.end", thing(run), after=about, reason=ending.reason, by=run.owner)


def abandoned() -> list[AgentRun]:
    """Open runs that nobody works on and that wait for nobody, the oldest first."""
    return list(_free().order_by("created_at")[:200])


def hopeless(run: AgentRun) -> Ending | None:
    """How an abandoned run is ended; None where it should be taken up again."""
    if run.cancel_requested:
        return Ending("cancelled", CANCELLED)
    if run.claims >= MOST_CLAIMS:
        return Ending("failed", LOST.format(run.claims))
    if not run.claims and timezone.now() - run.created_at > QUEUE_FOR:
        return Ending("failed", f"No worker took it within {QUEUE_FOR.seconds // 60} minutes.")
    return None


def end_unworked(run_id: UUID, token: str, ending: Ending) -> bool:
    """Ends a run that nobody works on. False where somebody does."""
    with transaction.atomic():
        if claim(run_id, token) is None:
            return False
        end(run_id, token, ending)
    return True
