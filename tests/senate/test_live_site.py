"""The feed of the site: a change by any process reaches an open page within a second, at one poll for all."""

import asyncio
import json
import subprocess
import sys
import time

import pytest
from django.db import connection

from providers.configuration import configure
from providers.runtime import watching
from providers.runtime.hop import hop
from senate.live import consumers, site
from tests.senate.test_consumer import cast, refused, socket, until_closed  # noqa: F401

LIVE = "/ws/live/?topics=providers"
OPEN_A_BREAKER = """
import sys
from tests.providers.ledger.ledger_child import set_up
set_up(sys.argv[1])
from providers.runtime.clock import now
from providers.models import ProviderBreaker
print("ready", flush=True)
sys.stdin.readline()
ProviderBreaker.objects.create(provider="openai", model="m", failures=5, reason="fault", opened_at=now())
"""


async def told(reader) -> str:
    """The next version that the feed tells."""
    said = json.loads(await reader.receive_from(timeout=30))
    assert said["topic"] == "providers"
    return said["version"]


def another_process() -> subprocess.Popen[str]:
    """It opens a breaker as soon as it is given a line."""
    command = [sys.executable, "-c", OPEN_A_BREAKER, str(connection.settings_dict["NAME"])]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "ready\n"
    return other


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the other process opens the file")
async def test_a_breaker_that_another_process_opens_is_told_within_a_second(cast) -> None:  # noqa: F811
    other = await asyncio.to_thread(another_process)
    reader = await socket(LIVE, cast["lee"])
    assert (await reader.connect())[0]
    before = await told(reader)
    start = time.monotonic()
    other.communicate("go\n")
    after = await told(reader)
    assert time.monotonic() - start < 3 and site.POLL_S <= 0.5  # the machine may be busy; the poll is not
    assert after.split(".")[0] == before.split(".")[0] and after != before
    await reader.disconnect()


async def test_a_saved_setting_changes_the_first_part(cast) -> None:  # noqa: F811
    reader = await socket(LIVE, cast["mara"])
    await reader.connect()
    before = await told(reader)
    await hop(configure.save_provider, slug="openai", by="Mara", key="sk-1")
    assert (await told(reader)).split(".")[0] != before.split(".")[0]
    await reader.disconnect()


async def test_however_many_watch_a_topic_is_read_once_and_never_when_nobody_does(cast, monkeypatch) -> None:  # noqa: F811
    looks = []
    monkeypatch.setitem(watching._topics, "providers", lambda: looks.append(1) or f"v{len(looks)}")
    monkeypatch.setattr(site, "POLL_S", 3600)
    readers = [await socket(LIVE, cast["lee"]) for _ in range(6)]
    for reader in readers:
        await reader.connect()
    seen = [await told(reader) for reader in readers]
    assert looks == [1] and seen == ["v1"] * 6
    for reader in readers:
        await reader.disconnect()
    assert site.watches() == {}


async def test_a_feed_that_can_not_read_goes_on_when_it_can(cast, monkeypatch) -> None:  # noqa: F811
    from django.db import OperationalError

    answers = iter(["v1", OperationalError("locked"), "v2"])

    def version() -> str:
        answer = next(answers, "v2")
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setitem(watching._topics, "providers", version)
    monkeypatch.setattr(site, "POLL_S", 0.01)
    reader = await socket(LIVE, cast["lee"])
    await reader.connect()
    assert [await told(reader), await told(reader)] == ["v1", "v2"]
    await reader.disconnect()


@pytest.mark.parametrize("query", ["", "?topics=", "?topics=nothing", "?topics=providers,nothing"])
async def test_a_topic_that_there_is_not_is_refused(cast, query) -> None:  # noqa: F811
    assert await refused(f"/ws/live/{query}", cast["lee"]) == 4400


async def test_nobody_watches_without_signing_in_nor_from_another_site(cast) -> None:  # noqa: F811
    assert await refused(LIVE) == 4401
    assert await refused(LIVE, cast["lee"], origin=b"https://evil.test")


async def test_who_signs_out_loses_the_feed_and_whoever_speaks_too(cast, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    reader = await socket(LIVE, cast["lee"])
    await reader.connect()

    def sign_out() -> None:
        cast["lee"].is_active = False
        cast["lee"].save()

    await hop(sign_out)
    assert (await until_closed(reader))[2] == 4401
    speaker = await socket(LIVE, cast["mara"])
    await speaker.connect()
    await speaker.send_to(text_data="hello")
    assert (await until_closed(speaker))[2] == 4403


async def test_a_quiet_feed_says_that_it_is_alive_and_a_page_too_many_is_refused(cast, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(consumers, "QUIET_S", 0.05)
    monkeypatch.setattr(consumers, "MOST_SOCKETS", 1)
    reader = await socket(LIVE, cast["lee"])
    await reader.connect()
    await told(reader)
    assert json.loads(await reader.receive_from(timeout=30)) == {"type": "ping"}
    second = await socket(LIVE, cast["lee"])
    await second.connect()
    assert (await until_closed(second))[2] == 4429
    await reader.disconnect()
