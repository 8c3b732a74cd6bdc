"""A committee of real HTTP members on the fake upstream, and a desk that works on sessions in this process."""

import asyncio

import pytest

from providers.configuration.directory import Directory
from providers.models import AIProviderSettings
from providers.runtime import loop
from providers.runtime.hop import close_all
from senate import chat
from senate.models import SenateSession
from senate.work.desk import DESK
from tests.fakes.fixtures import upstream, upstream_server  # noqa: F401

PERSONAS = ("optimist", "sceptic", "engineer", "cautious", "brief")


@pytest.fixture
def asker(transactional_db, people):
    return people["ivo"]


@pytest.fixture
def committee(upstream, transactional_db):  # noqa: F811
    """Seats members on the fake upstream; returns a function that seats other models."""

    def seat(*models):
        row = AIProviderSettings.get_solo()
        row.local_base_url, row.local_api_key = upstream.openai_url, "sk-local-test-key"
        row.seats = [f"local/{model}" for model in models]
        row.save()
        assert len(Directory().members()) == len(models)

    seat(*(f"fake-{persona}" for persona in PERSONAS))
    yield seat
    loop.run(DESK.close())
    DESK.open()
    close_all()


@pytest.fixture
def work():
    """Works on a session in this process until it has ended; the row as it then is."""

    def until_ended(session, timeout=20):
        async def go():
            assert await DESK.take(session.pk)
            async with asyncio.timeout(timeout):
                return [event async for event in chat.follow(session.pk, every_s=0.02)]

        loop.run(go(), timeout + 5)
        return SenateSession.objects.get(pk=session.pk)

    return until_ended


@pytest.fixture
def cast(transactional_db, people, settings):
    """People by name, on a site where Mock members may answer."""
    settings.AI_ALLOW_MOCK = True
    yield people
    close_all()


@pytest.fixture
def ivo(cast, client):
    """A client that is signed in as an engineer."""
    client.force_login(cast["ivo"])
    return client
