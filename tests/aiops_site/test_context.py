"""The frame of every page: what it says beside the navigation, and what that costs."""

import re
from datetime import timedelta

from django.utils import timezone

from intelligence.models import AgentStop, Deployment, Incident, Service
from intelligence.models.approvals import Approval


def badges(html: str) -> dict[str, str]:
    """Label of each item of the navigation that has a badge, by its address."""
    found = re.findall(r'<a class="nav-item" href="([^"?]*)[^>]* aria-label="([^"]*)"', html)
    return dict(found)


def test_badges_count_what_is_behind_them_at_once(client, people) -> None:
    client.force_login(people["mara"])
    assert badges(client.get("/menu/").content.decode()) == {}
    seen = dict.fromkeys(("first_seen", "last_seen"), timezone.now())
    shop = Service.objects.create(name="shop", owner=people["mara"])
    Deployment.objects.create(service=shop, status="FAILED")
    Incident.objects.create(service=shop, fingerprint="a", code="CRASH_LOOP", title="It stops again.", **seen)
    late = {"act": "deployment.queue", "title": "Deploy shop", "requester": "auto-fix"}
    Approval.objects.create(digest="1", expires_at=timezone.now() + timedelta(minutes=5), **late)
    Approval.objects.create(digest="2", expires_at=timezone.now() - timedelta(minutes=5), **late)
    assert badges(client.get("/menu/").content.decode()) == {
        "/services/": "Services, 1 failing",
        "/incidents/": "Incidents, 1 open",
        "/approvals/": "Approvals, 1 waiting",
    }
    Deployment.objects.create(service=shop, status="RUNNING")
    assert "/services/" not in badges(client.get("/menu/").content.decode())


def test_stopped_agents_are_told_on_every_page(client, people) -> None:
    client.force_login(people["lee"])
    assert "All agents" not in client.get("/menu/").content.decode()
    AgentStop.objects.update_or_create(
        pk=1, defaults={"stopped": True, "by": people["mara"], "at": timezone.now()}
    )
    assert "All agents" in client.get("/menu/").content.decode()


def test_the_frame_costs_four_queries(client, people, django_assert_num_queries) -> None:
    """Session, person, role, and one for everything that the frame counts."""
    client.force_login(people["mara"])
    client.get("/menu/")
    with django_assert_num_queries(4):
        client.get("/menu/")
