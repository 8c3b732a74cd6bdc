"""Runs that begin by themselves: off until they are wanted, once, reading only, on a budget of their own."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from intelligence.agents.runs import unasked
from intelligence.models import AgentRun, Incident


@pytest.fixture
def incident(shop, failed):
    return Incident.objects.create(
        service=shop,
        deployment=failed,
        code="MISSING_MODULE",
        title="Missing module requests",
        severity="high",
        count=1,
        first_seen=timezone.now(),
        last_seen=timezone.now(),
    )


def test_nothing_begins_by_itself_until_somebody_wants_it(incident, quiet):
    assert unasked.start_due() == [] and AgentRun.objects.count() == 0


def test_a_new_incident_is_looked_at_once_and_the_finding_stands_on_its_page(
    shop, incident, worked, settings, client
):
    shop.troubleshoot = True
    shop.save()
    settings.AGENT_UNASKED_USD = "0.03"
    (run,) = unasked.start_due()
    assert (run.cause, run.scopes, run.most_usd, run.owner) == ("incident", ["read"], Decimal("0.03"), shop.owner)
    assert unasked.start_due() == [] and unasked.for_incident(incident) is None
    assert worked(run).state == "done" and "requests" in run.answer
    client.force_login(shop.owner)
    page = client.get(f"/incidents/{incident.pk}/").content.decode()
    assert f"/agents/runs/{run.pk}/" in page and "requests" in page


@pytest.mark.parametrize(
    "columns",
    [{"state": "dismissed"}, {"first_seen": timezone.now() - timedelta(hours=2)}],
    ids=["dismissed", "older than the switch may reach"],
)
def test_an_old_or_settled_incident_is_left_alone(shop, incident, quiet, columns):
    shop.troubleshoot = True
    shop.save()
    Incident.objects.filter(pk=incident.pk).update(**columns)
    assert unasked.start_due() == []


def test_the_weekly_look_at_costs_is_made_once_a_week_for_an_admin(everyone, worked, settings):
    settings.AGENT_WEEKLY_COST = True
    (run,) = unasked.start_due()
    assert (run.cause, run.scopes, run.owner) == ("cost", ["read"], everyone["mara"])
    assert unasked.start_due() == []
    assert worked(run).state == "done" and run.answer.startswith("Spent in seven days: $0.00"), run.answer
    assert [one["url"] for one in run.evidence] == [
        "/usage/?range=7d&group=provider",
        "/usage/?range=7d&group=operation",
    ]
