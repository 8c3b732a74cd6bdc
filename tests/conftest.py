"""The cast of people, and the wall around the suite: only loopback is reachable."""

import asyncio
import socket
from collections import Counter

import pytest

from tests.fakes.fixtures import upstream, upstream_server  # noqa: F401
from tests.prepared import django_db_keepdb, migrated, prepared  # noqa: F401
from tests.site import site  # noqa: F401

_connect = socket.socket.connect


def _only_loopback(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
        raise RuntimeError(f"The suite reaches nothing but loopback, not {address[0]}.")
    _connect(self, address)


socket.socket.connect = _only_loopback


@pytest.fixture(scope="session", autouse=True)
def _usage_rows_can_be_flushed():
    from tests import base

    base.install()


FEW, MANY = 5, 40


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of many tests come first, then those of few (sites, browsers, reruns on PostgreSQL), light ones last.

    A process of `--dist loadfile` takes further files while it has fewer than three tests: heavy files of one
    test at the end would wait behind one another in one process while the other has nothing to do.
    """
    count = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[int, int, str]:
        tests = count[item.path]
        return (0 if tests > MANY else 1 if tests < FEW else 2, -tests, str(item.path))

    items.sort(key=rank)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Browser tests that did not run are named in the closing lines: green without them is less than green."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if "browser" in getattr(r, "keywords", {})]
    if skipped:
        terminalreporter.section("BROWSER TESTS SKIPPED", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} browser tests did NOT run: {skipped[0].longrepr[2]}", red=True)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """What the gateway would have waited for between attempts, in seconds; nobody waits."""
    from providers.runtime import clock

    waited: list[float] = []

    async def at_once(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(clock, "sleep", at_once)
    monkeypatch.setattr(clock, "chance", lambda: 0.5)
    return waited


@pytest.fixture
def people(request, django_user_model):
    """The cast: mara is admin, ivo engineer, ana manager, lee viewer. All passwords are the same."""
    from django.contrib.auth.models import Group

    if "transactional_db" not in request.fixturenames:
        request.getfixturevalue("db")
    made = {}
    for name, role in [("mara", "admin"), ("ivo", "engineer"), ("ana", "manager"), ("lee", "viewer")]:
        user = django_user_model.objects.create_user(name, password="correct horse battery")
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        made[name] = user
    return made


@pytest.fixture
def mara(people):
    """A browser in which the admin is signed in."""
    from django.test import Client

    browser = Client()
    browser.force_login(people["mara"])
    return browser


@pytest.fixture
def everyone(transactional_db, people):
    """The same cast, committed, for what the ledger's own connection must see."""
    return people
