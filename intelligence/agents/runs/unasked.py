"""Runs that nobody asked for: of a new incident, where its service wants that, and a weekly look at what AI costs.

Both are off until somebody switches them on; both only read, within a budget of their own; each is made once.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from intelligence.agents import troubleshooter
from intelligence.models import AgentRun, Incident
from providers.access.roles import Role

FRESH = timedelta(hours=1)  # an older incident is not looked at because a switch was set today
AT_ONCE = 5
ABOUT_COST = (
    "What did AI cost in the last seven days, by provider and by what it was used for? What grew, and which one "
    "change would save most without hurting anybody?"
)


def start_due() -> list[AgentRun]:
    """Starts what is due; what was started before is not started again."""
    return [*_for_incidents(), *_for_costs()]


def _for_incidents() -> list[AgentRun]:
    since = timezone.now() - FRESH
    wanted = Incident.objects.filter(state="open", service__troubleshoot=True, first_seen__gte=since)
    fresh = wanted.exclude(agent_runs__cause="incident").select_related("service__owner").order_by("first_seen")
    made = [for_incident(incident) for incident in fresh[:AT_ONCE]]
    return [run for run in made if run is not None]


def for_incident(incident: Incident) -> AgentRun | None:
    """Its one run; None where it has had it."""
    service = incident.service
    question = f"Incident of {service.name}: {incident.title}. What is the cause, and what is to be done?"
    about = {"service": service, "incident": incident}
    return troubleshooter.unasked(service.owner, question, f"incident:{incident.pk}", "incident", **about)


def _for_costs() -> list[AgentRun]:
    if not settings.AGENT_WEEKLY_COST:
        return []
    once = f"cost:{timezone.now():%G-W%V}"
    owner = _an_admin()
    if owner is None or AgentRun.objects.filter(once=once).exists():
        return []
    made = troubleshooter.unasked(owner, ABOUT_COST, once, "cost")
    return [made] if made else []


def _an_admin() -> object | None:
    """The first admin, on whose account the weekly look is."""
    people = get_user_model().objects.filter(is_active=True).order_by("pk")
    return people.filter(is_superuser=True).first() or people.filter(groups__name=Role.ADMIN.value).first()
