"""The feed over SSE looks again whether its reader may still see the session."""

import asyncio
from typing import Any

import pytest

from providers.runtime.hop import close_all, hop
from senate.live import events
from senate.models import SenateSession
from tests.senate.rows import running


@pytest.fixture
def session(transactional_db, people):
    yield running(people["ivo"])
    close_all()


def made_private(session: SenateSession, reader: Any) -> None:
    SenateSession.objects.filter(pk=session.pk).update(visibility="private")


def closed_account(session: SenateSession, reader: Any) -> None:
    type(reader).objects.filter(pk=reader.pk).update(is_active=False)


@pytest.mark.parametrize("change", [made_private, closed_account])
async def test_a_feed_ends_when_its_reader_may_see_the_session_no_more(
    session, people, monkeypatch, change
) -> None:
    monkeypatch.setattr(events, "RECHECK_S", -1.0)  # at every turn, without waiting for one
    monkeypatch.setattr(events, "QUIET_S", 0.01)
    feed = events.feed(session.pk, people["lee"].pk, session.last_n)
    assert [await anext(feed), await anext(feed)] == [b"retry: 2000\n\n", events.ALIVE]
    await hop(change, session, people["lee"])
    async with asyncio.timeout(10):
        assert [part async for part in feed] == [events.REFUSED]
