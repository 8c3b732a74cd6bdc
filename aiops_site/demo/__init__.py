"""Sample data: a made-up platform team, so that every page can be looked at before anything real exists.

    demo.refusal()       why it may not be put here, in a sentence; empty where it may
    demo.fill()          once; again changes nothing. The sums of usage are made by the worker, or `usage.sum_up`
    demo.remove()        everything but ledger and audit rows, which nothing can delete

What makes it and how it is told from real data: docs/decisions/0020-sample-data.md.
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from aiops_site.demo import agents, findings, fixes, people, services, sessions, usage
from intelligence.models import Agent, AgentRun, Approval, Service
from providers.configuration.directory import Directory
from providers.exceptions import InvalidInput
from providers.trail import audit
from providers.usage import seeding
from senate.models import SenateSession

REAL_ROWS = (
    "This site has real usage rows. Sample rows could never be deleted again, so they are not put beside them."
)
KEYS = "Provider keys are set here, so this is no site for sample data. Use another DATA_DIR or DATABASE_URL."
PEOPLE = "Several people use this site, so it is no place for sample data. Use another DATA_DIR or DATABASE_URL."
WORK = "This site has services or sessions of its own. Use another DATA_DIR or DATABASE_URL."


@dataclass(frozen=True, slots=True)
class Filled:
    """How much was written; zeros where the sample data was there already."""

    services: int = 0
    sessions: int = 0
    usage_rows: int = 0


def there() -> bool:
    return Service.objects.filter(pk__in=services.IDS).exists()


def refusal() -> str:
    """With DEBUG only real usage rows refuse; else also anything that says that people work here."""
    try:
        seeding.refuse_beside_real_rows()
    except InvalidInput:
        return REAL_ROWS
    if settings.DEBUG:
        return ""
    if Directory().configured():
        return KEYS
    if get_user_model().objects.filter(is_active=True).exclude(username__in=people.NAMES).count() > 1:
        return PEOPLE
    own = Service.objects.exclude(pk__in=services.IDS).exists()
    own = own or SenateSession.objects.exclude(owner__username__in=people.NAMES).exists()
    return WORK if own else ""


def fill() -> Filled:
    """Writes what is missing, all or nothing. Errors: InvalidInput with `refusal`."""
    if why := refusal():
        raise InvalidInput(why, code="no_place_for_samples")
    if there():
        return Filled()
    with transaction.atomic(), audit.because("Sample data"):
        team = people.gathered()
        rows = usage.write(team)
        made = services.write(team)
        findings.write(team)
        fixes.write(team)
        agents.write(team)
        deliberated = sessions.write(team)
        audit.record("demo.fill", audit.Thing("demo"), after={"services": len(made), "usage_rows": rows})
    return Filled(len(made), deliberated, rows)


def remove() -> int:
    """Takes the sample data away and closes its people's accounts. How many services, sessions and approvals went.

    Ledger and audit rows stay, under the sample people's names; nobody can delete those.
    """
    with transaction.atomic(), audit.because("Sample data"):
        own = get_user_model().objects.filter(username__in=people.NAMES)
        rows = (
            Service.objects.filter(pk__in=services.IDS),
            SenateSession.objects.filter(owner__in=own),
            Approval.objects.filter(requested_by__in=own),
            AgentRun.objects.filter(owner__in=own),
            Agent.objects.filter(owner__in=own),
        )
        gone = sum(found.count() for found in rows)
        for found in rows:
            found.delete()
        own.update(is_active=False)
        if gone:
            audit.record("demo.remove", audit.Thing("demo"), before={"rows": gone})
    return gone
