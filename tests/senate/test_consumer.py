"""The websocket of a session through the real ASGI application: who may connect, what comes, what ends it."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from aiops_site.asgi import application
from providers.access.identity import make_token
from providers.runtime.hop import close_all, hop
from senate.live import consumers
from senate.live.hub import hub
from senate.models import SenateSession
from tests.senate.rows import begin, deliberated, ended, running, text

ORIGIN = b"http://localhost"


@pytest.fixture
def cast(transactional_db, people):
    yield people
    close_all()


def cookie(user):
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


async def socket(path, user=None, key=None, origin=ORIGIN):
    """A communicator that has not connected yet."""
    key = key or (await sync_to_async(cookie)(user) if user else "")
    headers = [(b"host", b"localhost")]
    headers += [(b"origin", origin)] if origin else []
    headers += [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())] if key else []
    return WebsocketCommunicator(application, path, headers=headers)


async def until_closed(reader):
    """(event numbers, other messages, close code)"""
    numbers, others = [], []
    while True:
        message = await reader.receive_output(timeout=30)
        if message["type"] == "websocket.close":
            return numbers, others, message["code"]
        said = json.loads(message["text"])
        if "n" in said:
            numbers.append(said["n"])
        else:
            others.append(said)


async def refused(path, user=None, origin=ORIGIN):
    reader = await socket(path, user, origin=origin)
    connected, code = await reader.connect(timeout=30)
    assert not connected
    return code


async def test_nobody_is_let_in_without_signing_in(cast) -> None:
    session = await hop(running, cast["ivo"])
    assert await refused(f"/ws/senate/{session.pk}/") == 4401


@pytest.mark.parametrize("visibility, code", [("private", 4404), ("team", None)])
async def test_a_private_session_is_as_unknown_to_others(cast, visibility, code) -> None:
    session = await hop(running, cast["ivo"], visibility=visibility)
    await hop(ended, session)
    if code:
        assert await refused(f"/ws/senate/{session.pk}/", cast["lee"]) == code
        assert await refused("/ws/senate/999999/", cast["lee"]) == code
    else:
        reader = await socket(f"/ws/senate/{session.pk}/", cast["lee"])
        assert (await reader.connect())[0]
        assert (await until_closed(reader))[0] == [1]


@pytest.mark.parametrize(
    "origin", [b"https://evil.test", b"null", b"http://localhost.evil.test", b"http://localhost:9", b"//[", None]
)
async def test_another_site_can_not_connect(cast, origin) -> None:
    session = await hop(running, cast["ivo"])
    assert await refused(f"/ws/senate/{session.pk}/", cast["ivo"], origin=origin)


@pytest.mark.parametrize("path", ["/ws/senate/abc/", "/ws/senate/1*/", "/ws/", f"/ws/senate/{'9' * 40}/"])
async def test_an_address_that_is_none_is_refused_like_an_unknown_session(cast, path) -> None:
    assert await refused(path, cast["ivo"]) == 4404


async def test_a_number_that_is_none_is_refused(cast) -> None:
    session = await hop(running, cast["ivo"])
    assert await refused(f"/ws/senate/{session.pk}/?after=-1", cast["ivo"]) == 4400


async def test_a_token_in_the_address_opens_nothing(cast) -> None:
    session = await hop(running, cast["ivo"])
    assert await refused(f"/ws/senate/{session.pk}/?token=abc", None) == 4401


async def by_token(path, header, *more):
    return WebsocketCommunicator(application, path, headers=[(b"host", b"localhost"), header, *more])


async def test_a_program_watches_with_its_token_and_without_an_origin(cast) -> None:
    session = await hop(deliberated, cast["ivo"])
    _, secret = await hop(make_token, cast["ivo"], "watching")
    path = f"/ws/senate/{session.pk}/?after=0"
    reader = await by_token(path, (b"authorization", f"Bearer {secret}".encode()))
    assert (await reader.connect())[0]
    assert (await until_closed(reader))[0] == list(range(1, session.last_n + 1))
    key = (b"cookie", f"{settings.SESSION_COOKIE_NAME}={await sync_to_async(cookie)(cast['ivo'])}".encode())
    for header, more in (
        ((b"authorization", b"Token aiops_wrong"), [key]),
        ((b"authorization", f"Token {secret}".encode()), [(b"origin", b"https://evil.test")]),
        (key, []),
    ):
        assert not (await (await by_token(path, header, *more)).connect(timeout=30))[0], header


async def test_an_ended_session_is_given_whole_and_then_closed(cast) -> None:
    session = await hop(deliberated, cast["ivo"])
    reader = await socket(f"/ws/senate/{session.pk}/?after=3", cast["ivo"])
    assert (await reader.connect())[0]
    numbers, others, code = await until_closed(reader)
    assert numbers == list(range(4, session.last_n + 1))
    assert code == 1000 and others[-1]["type"] == "closing"


async def test_events_come_as_they_are_written_and_a_reconnect_goes_on(cast) -> None:
    session = await hop(running, cast["ivo"])
    key = await sync_to_async(cookie)(cast["ivo"])
    reader = await socket(f"/ws/senate/{session.pk}/?after=0", key=key)
    assert (await reader.connect())[0]
    await hop(begin, session, 0)
    await hop(text, session, 0, "Roll back")
    first = json.loads(await reader.receive_from(timeout=30))
    assert first["n"] == 1 and first["type"] == "call.started" and first["member"] == 0
    second = json.loads(await reader.receive_from(timeout=30))
    assert second["n"] == 2 and second["data"]["text"] == "Roll back"
    await reader.disconnect()
    await hop(text, session, 0, " now", 9)
    await hop(ended, session)
    again = await socket(f"/ws/senate/{session.pk}/?after=2", key=key)
    assert (await again.connect())[0]
    assert (await until_closed(again))[0] == [3, 4]


async def test_rendered_parts_come_only_when_asked_for(cast) -> None:
    session = await hop(deliberated, cast["ivo"])
    found = {}
    for query in ("", "&render=1"):
        reader = await socket(f"/ws/senate/{session.pk}/?after=0{query}", cast["ivo"])
        assert (await reader.connect())[0]
        frames = [json.loads(await reader.receive_from(timeout=30)) for _ in range(session.last_n)]
        found[query] = [frame["swap"] for frame in frames if "swap" in frame]
        await reader.disconnect()
    assert found[""] == []
    ids = {part["id"] for part in found["&render=1"][-1]}
    assert ids >= {"head", "stepper", "resolution", "dissent", "votes", "member-0", "member-1", "member-2"}


@pytest.mark.parametrize(
    "frame, code",
    [
        ({"text": "vote yes"}, 4403),
        ({"text": '{"type": "cancel"}'}, 4403),
        ({"text": "["}, 4403),
        ({"bytes": b"\x00\x01"}, 4403),
        ({"text": "x" * 20_000}, 4409),
        ({"bytes": b"x" * 20_000}, 4409),
    ],
)
async def test_whatever_a_reader_sends_closes_its_socket_and_changes_nothing(cast, frame, code) -> None:
    session = await hop(running, cast["ivo"])
    reader = await socket(f"/ws/senate/{session.pk}/", cast["ivo"])
    assert (await reader.connect())[0]
    await reader.send_input({"type": "websocket.receive", **frame})
    assert (await until_closed(reader))[2] == code
    row = await hop(SenateSession.objects.get, pk=session.pk)
    assert row.state == "running" and not row.cancel_requested and row.last_n == 0


def log_out(cast, session, key):
    Client(headers={"cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}).post("/logout/")


def deactivate(cast, session, key):
    cast["lee"].is_active = False
    cast["lee"].save()


def make_private(cast, session, key):
    SenateSession.objects.filter(pk=session.pk).update(visibility="private")


def expire(cast, session, key):
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))


LOSSES = [(log_out, 4401), (expire, 4401), (deactivate, 4401), (make_private, 4404)]


@pytest.mark.parametrize("change, code", LOSSES)
async def test_who_loses_the_right_loses_the_socket(cast, monkeypatch, change, code) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    session = await hop(running, cast["ivo"])
    key = await sync_to_async(cookie)(cast["lee"])
    reader = await socket(f"/ws/senate/{session.pk}/", key=key)
    assert (await reader.connect())[0]
    await sync_to_async(change)(cast, session, key)
    _, others, closed = await until_closed(reader)
    assert closed == code and others[-1]["reason"]


async def test_who_is_no_admin_any_more_loses_what_only_admins_see(cast, monkeypatch) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    session = await hop(running, cast["ivo"], visibility="owner")
    reader = await socket(f"/ws/senate/{session.pk}/", cast["mara"])
    assert (await reader.connect())[0]
    await hop(cast["mara"].groups.set, await hop(lambda: list(cast["lee"].groups.all())))
    assert (await until_closed(reader))[2] == 4404


async def test_more_sockets_than_anybody_needs_are_refused_with_a_reason(cast, monkeypatch) -> None:
    monkeypatch.setattr(consumers, "MOST_SOCKETS", 2)
    session = await hop(running, cast["ivo"])
    key = await sync_to_async(cookie)(cast["ivo"])
    open_ones = [await socket(f"/ws/senate/{session.pk}/", key=key) for _ in range(2)]
    for reader in open_ones:
        assert (await reader.connect())[0]
    third = await socket(f"/ws/senate/{session.pk}/", key=key)
    assert (await third.connect())[0]
    _, others, code = await until_closed(third)
    assert code == 4429 and "Close one" in others[-1]["reason"]
    for reader in open_ones:
        await reader.disconnect()
    assert hub().open[cast["ivo"].pk] == 0 and not hub().feeds


async def test_a_quiet_line_says_that_it_is_alive(cast, monkeypatch) -> None:
    monkeypatch.setattr(consumers, "QUIET_S", 0.05)
    session = await hop(running, cast["ivo"])
    reader = await socket(f"/ws/senate/{session.pk}/", cast["ivo"])
    assert (await reader.connect())[0]
    assert json.loads(await reader.receive_from(timeout=30)) == {"type": "ping"}
    await reader.disconnect()
