"""Work that is cut off wherever it waits: its rows are whole, nothing is paid twice, all of it is told.

In the suite each place of a deliberation is cut off in one of the ways, in turn; with SENATE_SOAK each time that
it waits there, in every way.
"""

import asyncio
import json
import os
from collections import Counter
from decimal import Decimal

import pytest

from providers.access.identity import make_token
from providers.ledger.reconcile import reconcile
from providers.models import AIServiceConfig, AIUsageLog, IdempotentRequest, Reservation, UserAICap
from providers.runtime import loop
from providers.runtime.hop import hop
from senate import chat
from senate.lane.handler import chat_lane
from senate.models import SenateSession
from senate.work import store
from senate.work.desk import DESK
from tests.senate import invariants
from tests.senate.cut import Cut, stepped, under

pytestmark = pytest.mark.django_db(transaction=True)
ALL = bool(os.environ.get("SENATE_SOAK"))
TRIO = ("fake-optimist", "fake-sceptic", "fake-engineer")


@pytest.fixture
def ask(asker, committee, upstream):
    """Starts a session of three."""
    if ALL:
        upstream.set_mode("slow", pause=0.001)  # so that pieces of text are stored on the way
    UserAICap.objects.create(user=asker, daily_token_cap=10**9, daily_cost_cap_usd=Decimal(10_000))
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"model_pricing": {"*": {"input": 1, "output": 4}}})
    committee(*TRIO)
    return lambda: chat.start(asker, question="Roll back or raise the pool size?")


class Way:
    """One way to cut a session off."""

    ends = {"done"}  # states that it may end in

    def __init__(self, session):
        self.session = session
        self.closing = None

    def act(self):
        raise NotImplementedError

    async def over(self):
        """Until nobody works on it here any more."""
        if self.closing is not None:
            await self.closing
        await DESK.done(self.session.pk)


class Cancelled(Way):
    """By the user."""

    ends = {"done", "cancelled"}

    def act(self):
        if run := DESK.held.get(self.session.pk):
            run.cancel("Cancelled by ivo.")


class Stopped(Way):
    """The worker is told to stop, by two signals."""

    def act(self):
        self.closing = asyncio.gather(DESK.close(), DESK.close())


class Lost(Way):
    """Another worker has the claim."""

    def act(self):
        if run := DESK.held.get(self.session.pk):
            run.give_up(store.LeaseLost("its claim had run out"))


class CalledOff(Way):
    """The ballot of the last member is not needed any more."""

    def act(self):
        run = DESK.held.get(self.session.pk)
        engine = getattr(run, "_engine", None)
        task = engine._reviews.get(2) if engine else None
        if task is not None and not task.done() and 2 not in engine.ballots:
            engine.called_off.add(2)
            task.cancel()


WAYS = (Cancelled, Stopped, Lost, CalledOff)


def worked(session, cut, way=None):
    """Takes the session under the cut until nobody works on it here; True where it was taken."""

    async def go():
        with stepped():
            taken = await under(cut, DESK.take(session.pk))
            async with asyncio.timeout(60):
                await (way or Way(session)).over()
        return taken

    taken = loop.run(go(), 70)
    DESK.open()
    session.refresh_from_db()
    return taken


def is_whole(session, upstream, before):
    """All invariants, and: the session tells what was booked, each member votes or abstains."""
    invariants.check([session])
    rows = AIUsageLog.objects.filter(session_id=str(session.pk))
    gone = rows.filter(error_code="cancelled").count()
    assert 0 <= rows.count() - (len(upstream.calls) - before) <= gone, "of what was cut off some never arrived"
    assert not rows.filter(error_code="lost").exists(), "who is told to stop books what it cuts off"
    assert set(Counter(rows.filter(success=True).values_list("metadata__call", flat=True)).values()) <= {1}
    calls = session.calls.all()
    assert sum(call.cost_usd for call in calls) == sum(row.actual_cost_usd for row in rows)
    assert session.events.last().data["tokens"] == sum(row.total_tokens for row in rows)
    told = session.events.filter(phase="review")
    voted = set(told.filter(type="vote").values_list("member", flat=True))
    abstained = set(told.filter(type="abstention").values_list("member", flat=True))
    assert not voted & abstained
    if session.state == "done":
        ballots = calls.filter(phase="review", state="done").values_list("member", flat=True)
        assert voted == set(ballots) and voted | abstained == {0, 1, 2}


def each(moments, ways):
    """(moment, way) pairs to try."""
    if ALL:
        return [(moment, way) for moment in moments for way in ways]
    return [(moment, ways[at % len(ways)]) for at, moment in enumerate(moments)]


def cut_off(session, moment, way, upstream, before):
    """Cuts the session off there, goes on with it, and looks at what is left; whether that moment came."""
    cut = Cut(moment, (chosen := way(session)).act)
    worked(session, cut, chosen)
    assert session.claimed_by == "", "it can be taken at once"
    if session.state == "running":
        assert worked(session, Cut())
    assert session.state in way.ends, (session.state, session.reason)
    is_whole(session, upstream, before)
    return cut.done


def test_a_deliberation_is_whole_wherever_it_is_cut_off(ask, upstream):
    session, whole = ask(), Cut()
    assert worked(session, whole) and session.state == "done"
    moments, came = whole.moments(ALL), 0
    assert len(moments) > 25
    for moment, way in each(moments, WAYS):
        before = len(upstream.calls)
        try:
            came += cut_off(ask(), moment, way, upstream, before)
        except Exception as error:
            raise AssertionError(f"{way.__name__} at {moment}") from error
    assert came > len(moments) * 3 // 4, "some moments hang on the clock; most must come"


def left_half_way(ask, upstream):
    """A session whose worker was told to stop while one member was still writing."""
    session = ask()
    upstream.script("ok", "ok", "hold")
    before = len(upstream.calls)
    loop.run(DESK.take(session.pk))
    upstream.wait_for(lambda calls: len(calls) == before + 3)
    until_stored(session, 2)
    loop.run(DESK.close())
    DESK.open()
    session.refresh_from_db()
    assert (session.state, session.claimed_by) == ("running", "")
    return session


def until_stored(session, done):
    async def look():
        async with asyncio.timeout(30):
            async for _ in chat.follow(session.pk, every_s=0.005):
                if await hop(session.calls.filter(state="done").count) == done:
                    return

    loop.run(look(), 40)


def test_a_resumed_deliberation_is_whole_wherever_it_is_cut_off(ask, upstream):
    session, whole = left_half_way(ask, upstream), Cut()
    assert worked(session, whole) and session.state == "done"
    again = [moment for moment in whole.moments(ALL) if ALL or "_again" in moment[0] or "recovery.py" in moment[0]]
    assert len(again) > 4
    for moment, way in each(again, WAYS[:3]):
        before = len(upstream.calls)
        try:
            cut_off(left_half_way(ask, upstream), moment, way, upstream, before)
        except Exception as error:
            raise AssertionError(f"{way.__name__} at {moment}") from error


class Followed(str):
    """Any place at which the lane looks for a session's events."""

    def __eq__(self, place):
        return place.rpartition(" > ")[2].startswith("answers.py")

    __hash__ = str.__hash__


FOLLOWED = (Followed(), 0)


class Client:
    """One request to the chat lane as a server hands it over; it leaves when it is told to."""

    def __init__(self, path, body, token, key):
        headers = {"content-type": "application/json", "authorization": f"Token {token}", "host": "localhost"}
        headers |= {"idempotency-key": key}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.scope = {"type": "http", "method": "POST", "path": f"/api/v1/ai/chat/{path}", "headers": raw}
        self._body = [{"type": "http.request", "body": json.dumps(body).encode()}]
        self.left = asyncio.Event()
        self.sent = b""

    async def receive(self):
        if self._body:
            return self._body.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent += message.get("body", b"")


def requested(path, model, token, key, moment=None):
    """(the cut, the client) of one request whose client leaves at the moment."""

    async def go():
        client = Client(path, {"model": model, "messages": [{"role": "user", "content": "Why?"}]}, token, key)
        cut = Cut(moment, client.left.set)
        with stepped():
            task = asyncio.create_task(under(cut, chat_lane(client.scope, client.receive, client.send)))
            async with asyncio.timeout(60):
                await task
        return cut, client

    return loop.run(go(), 70)


@pytest.mark.parametrize("path", ["completions", "stream/"])
def test_a_client_that_leaves_at_any_moment_pays_for_one_answer_at_most_and_may_ask_again(
    ask, asker, upstream, path, settings
):
    settings.ALLOWED_HOSTS, settings.AI_CHAT_RATE = ["localhost"], "10000/min"
    token = make_token(asker, "tests")[1]
    cut, client = requested(path, "solo", token, "first")
    assert b"content" in client.sent
    moments = cut.moments(ALL)
    assert len(moments) > 5
    for at, moment in enumerate(moments):
        rows, posts = AIUsageLog.objects.count(), len(upstream.calls)
        requested(path, "solo", token, f"key-{at}", moment)
        held = IdempotentRequest.objects.filter(key=f"key-{at}", status=None)
        assert not held.exists(), ("the key is free again, or its answer kept", moment)
        _, client = requested(path, "solo", token, f"key-{at}")
        assert b"content" in client.sent, (client.sent, moment)
        new = AIUsageLog.objects.order_by("created_at")[rows:]
        assert [row.success for row in new].count(True) == 1, ("what was answered is not paid again", moment)
        assert len(upstream.calls) - posts <= len(new) <= 2
        assert not Reservation.objects.filter(closed_at=None).exists(), moment
    assert reconcile().clean


def test_a_client_that_leaves_a_committee_at_any_moment_has_asked_it_once(ask, asker, settings):
    settings.ALLOWED_HOSTS, settings.AI_CHAT_RATE = ["localhost"], "10000/min"
    token = make_token(asker, "tests")[1]
    cut = requested("completions", "senate", token, "first", FOLLOWED)[0]
    assert cut.done and SenateSession.objects.count() == 1
    for at, moment in enumerate(cut.moments(ALL)):
        requested("completions", "senate", token, f"key-{at}", moment)
        made = IdempotentRequest.objects.exclude(key="first").values_list("resource", flat=True)
        sessions = SenateSession.objects.values_list("pk", flat=True).order_by("pk")[1:]
        assert sorted(map(int, made)) == list(sessions), ("a session that no key leads to is asked twice", moment)
