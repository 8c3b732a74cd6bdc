"""How many queries each page of a site with sample data asks: a page pays for every round trip.

A page that asks more than its bound got a query per row, or reads again what it knows."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aiops_site.demo import usage
from tests.flow.sampled import route_of, walk

# Three of the frame (session, person with role, what it counts), the page's own row, and up to six of its parts.
MOST = 10
# Pages that show more than one thing, with what the queries are.
MORE = {
    "overview": (32, "eight parts; five of them make its version for the live feed"),
    "providers:usage": (26, "the sums of five spans, of groups and days, in one snapshot; caps and the chain"),
    "providers:keys": (17, "states, hours and spend of all providers, and the version of its live states"),
    "providers:caps": (16, "standings, budgets, refusals and history, and their version"),
    "providers:cap": (17, "the same with the person"),
    "providers:budgets": (17, "the same with the policy"),
    "providers:audit": (13, "entries, choices of the filters, two chains of three queries"),
    "providers:calls": (11, "rows and their names, the choices of the filters, the sums that count them"),
    "intelligence:deployment": (14, "log, samples, analysis, incidents and fixes of one deployment"),
    "intelligence:service": (12, "deployments, incidents, samples and fixes of one service"),
}


@pytest.fixture
def asked(transactional_db, monkeypatch, django_user_model) -> dict[str, list[str]]:
    """Route -> the queries of its page."""
    monkeypatch.setattr(usage, "ROWS", 200)
    root = django_user_model.objects.create_superuser("root", password="x" * 12)
    call_command("seed_demo", verbosity=0)
    client, found = Client(), {}
    client.force_login(root)

    def look(path: str, headers: dict[str, str]) -> Any:
        with CaptureQueriesContext(connection) as caught:
            answer = client.get(path, headers=headers)
        found[route_of(path)] = [one["sql"] for one in caught]
        return SimpleNamespace(text=answer.getvalue().decode(), status_code=answer.status_code)

    client.get("/")  # fills what a process keeps: keys that are decrypted, a policy that is made
    walk(SimpleNamespace(get=look))
    return found


def test_no_page_asks_more_than_it_has_to_or_the_same_thing_thrice(asked) -> None:
    assert len(asked) > 35 and set(MORE) <= set(asked)
    many = {route: len(all_) for route, all_ in asked.items() if len(all_) > MORE.get(route, (MOST,))[0]}
    assert many == {}
    again = {route: sql[:200] for route, all_ in asked.items() for sql, n in Counter(all_).items() if n > 2}
    assert again == {}
