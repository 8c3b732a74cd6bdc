"""The door of troubleshooting runs: asking, stopping, reading; and those that start by themselves.

    run = start(user, "Why does checkout-api fail?", service)      a queued row; a worker takes it
    whole(run)                                                      all that its page shows, as plain values

A run calls tools through the gate on its owner's rights and within its own scopes: reading alone, unless the owner
lets it ask for more; what changes anything still waits for somebody else's yes.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from intelligence import nudges
from intelligence.agents.runs import store
from intelligence.agents.runs.desk import DESK
from intelligence.agents.runs.types import Ending
from intelligence.models import AgentRun, Service
from intelligence.models.agent_runs import OPEN_RUN
from providers.exceptions import InvalidInput, NotFound
from providers.guard import clean, storable
from providers.runtime.desk import new_token
from providers.trail import audit

READING = ("read", "code", "senate")
ACTING = (*READING, "write", "destructive")
UNASKED = ("read",)
MOST_QUESTION = 4_000
MOST_OPEN = 10  # of one person at once


def start(
    user: Any,
    question: str,
    service: Service | None = None,
    *,
    may_act: bool = False,
    budget: Mapping[str, Any] | None = None,
) -> AgentRun:
    """A run that somebody asked for. `budget`: {steps, seconds, usd}, at most the site's own.

    Errors: InvalidInput for a question that is none, a budget that can't be, or too many open runs.
    """
    if AgentRun.objects.filter(owner=user, state__in=OPEN_RUN).count() >= MOST_OPEN:
        raise InvalidInput(f"{MOST_OPEN} of your runs are open. Wait for one, or cancel it.", code="too_many_open")
    made = AgentRun(owner=user, question=worded(question), service=service, **limits(budget or {}))
    made.scopes = list(ACTING if may_act else READING)
    return _stored(made)


def unasked(owner: Any, question: str, once: str, cause: str, **about: Any) -> AgentRun | None:
    """A run that starts by itself, with reading tools and a budget of its own; None where there was one."""
    made = AgentRun(owner=owner, question=question, once=once, cause=cause, **limits({}), **about)
    made.scopes, made.most_usd = list(UNASKED), Decimal(settings.AGENT_UNASKED_USD)
    try:
        return _stored(made)
    except IntegrityError:
        return None


def _stored(made: AgentRun) -> AgentRun:
    with transaction.atomic():
        made.save(force_insert=True)
        about = {"question": made.question[:300], "scopes": made.scopes, "cause": made.cause}
        audit.record("agent.run.start", store.thing(made), after=about, by=made.owner)
        transaction.on_commit(lambda: nudges.agent(made.pk))
    return made


def worded(question: Any) -> str:
    """Errors: InvalidInput."""
    if not isinstance(question, str) or not question.strip():
        raise InvalidInput("Write a question.", param="question")
    if not storable(question):
        raise InvalidInput("The question holds NUL or half of a surrogate pair.", param="question")
    if len(question) > MOST_QUESTION:
        raise InvalidInput(f"A question is at most {MOST_QUESTION:,} characters.", param="question")
    cleaned = clean(question, MOST_QUESTION).text.strip()
    if not cleaned:
        raise InvalidInput("Write a question.", param="question")
    return cleaned


def limits(budget: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a budget. Errors: InvalidInput for more than the site allows, or nothing at all."""
    most = {
        "steps": settings.AGENT_RUN_STEPS,
        "seconds": settings.AGENT_RUN_SECONDS,
        "usd": settings.AGENT_RUN_USD,
    }
    if strange := sorted(set(budget) - set(most)):
        raise InvalidInput(f"A budget has steps, seconds and usd, not {strange[0][:40]}.", param="budget")
    columns: dict[str, Any] = {}
    for name, highest in most.items():
        value = Decimal(str(budget.get(name, highest)))
        if not value.is_finite() or not (0 if name == "usd" else 1) <= value <= Decimal(highest):
            raise InvalidInput(f"{name} of a budget is at most {highest}.", param="budget")
        columns[f"most_{name}"] = value if name == "usd" else int(value)
    return columns


def cancel(user: Any, run: AgentRun) -> None:
    """Stops it: at once where nobody works on it, else within seconds. Again does nothing."""
    wanted = AgentRun.objects.filter(pk=run.pk, state__in=OPEN_RUN, cancel_requested=False)
    with transaction.atomic():
        if not wanted.update(cancel_requested=True):
            return
        audit.record("agent.run.cancel", store.thing(run), by=user)
    store.end_unworked(run.pk, new_token(), Ending("cancelled", f"Cancelled by {user.get_username()}."))


def found(user: Any, pk: Any) -> AgentRun:
    """Errors: NotFound, the same for an unknown id and for one that the user may not see."""
    run = AgentRun.objects.visible_to(user).filter(pk=pk).select_related("service", "owner", "incident").first()
    if run is None:
        raise NotFound("There is no such run for you.")
    return run


async def take(run_id: UUID) -> bool:
    """Claims the run and begins to work on it in this process; False where there is nothing to do."""
    return await DESK.take(run_id)


def sweep() -> None:
    """Runs that nobody works on: nudged again, or ended with a reason where that has no prospect."""
    for run in store.abandoned():
        ending = store.hopeless(run)
        if ending is None:
            nudges.agent(run.pk, expires_s=5)
        else:
            store.end_unworked(run.pk, new_token(), ending)
