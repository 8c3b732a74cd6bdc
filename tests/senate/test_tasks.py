"""Workers and the reaper: what a nudge does, and what becomes of sessions that nobody works on."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from providers import ledger
from providers.models import AIServiceConfig, AIUsageLog, Reservation
from providers.rates.pacing import wait_for_turn
from providers.runtime import loop
from providers.runtime.desk import new_token
from senate import chat, tasks
from senate.engine.case import Event
from senate.models import SenateCall, SenateSession
from senate.work import nudges, store
from senate.work.desk import DESK
from senate.work.store import CallChange, Entry
from tests.senate import invariants

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nudged(monkeypatch):
    """Sessions that workers were asked to take."""
    asked = []
    monkeypatch.setattr(nudges, "workers", lambda session_id, expires_s=None: asked.append(session_id))
    return asked


@pytest.fixture
def session(asker, committee, nudged):
    made = chat.start(asker, question="Roll back?", mode="solo")
    nudged.clear()
    return made


def changed(session, **values):
    SenateSession.objects.filter(pk=session.pk).update(**values)


def ago(**span):
    return timezone.now() - timedelta(**span)


def ended(session):
    session.refresh_from_db()
    assert not Reservation.objects.filter(closed_at=None).exists()
    last = chat.events(session)[-1]
    assert last["type"] == f"session.{session.state}" and last["data"]["reason"] == session.reason
    return session.state, session.reason


def follow(session):
    async def told():
        return [event["type"] async for event in chat.follow(session.pk, every_s=0.02)]

    return loop.run(told(), 20)


def test_a_nudge_is_worked_on_and_returns_at_once(session):
    tasks.run_session(session.pk)
    assert follow(session)[-1] == "session.done"


def test_the_same_nudge_many_times_is_one_call(session, upstream):
    for _ in range(5):
        tasks.run_session(session.pk)
    follow(session)
    tasks.run_session(session.pk)
    assert len(upstream.calls) == 1


def test_the_reaper_nudges_what_is_queued_and_what_lost_its_worker(session, nudged):
    tasks.reap()
    store.claim(session.pk, new_token())
    tasks.reap()
    changed(session, claim_expires_at=ago(seconds=1))
    tasks.reap()
    assert nudged == [session.pk, session.pk]


def test_a_question_that_no_worker_took_is_not_answered_hours_later(session, nudged):
    changed(session, created_at=ago(minutes=16))
    tasks.reap()
    assert ended(session) == ("failed", "No worker took it within 15 minutes.")
    assert not nudged


def test_a_session_that_kills_its_workers_is_given_up(session, nudged):
    changed(session, claims=5, state="running", claim_expires_at=ago(seconds=1), claimed_by="gone")
    tasks.reap()
    assert ended(session) == ("failed", "The worker was lost 5 times.")


def test_a_cancelled_session_whose_worker_is_lost_ends_as_cancelled(session, asker, nudged):
    store.claim(session.pk, new_token())
    chat.cancel(asker, session)
    session.refresh_from_db()
    assert session.state == "running"
    changed(session, claim_expires_at=ago(seconds=1))
    tasks.reap()
    assert ended(session) == ("cancelled", "Cancelled by ivo.")


def killed_while_it_asked(session):
    """What is in the rows where a worker is killed with a call under way: it has begun, and is not booked."""
    token = new_token()
    store.claim(session.pk, token)
    note = {"worst": {"tokens": 900, "output": 500, "usd": "0.0125"}, "claim": 1}
    row = {"phase": "answer", "member": 0, "data": note, "started_at": timezone.now()}
    begun = Event("call.started", "answer", 0, {"key": "answer:0", "timeout_s": 180, "again": False})
    store.commit([Entry(session.pk, token, [begun], [CallChange("answer:0", row, create=True)])])
    changed(session, claim_expires_at=ago(seconds=1))


@pytest.mark.parametrize("by", ["the user", "the reaper"])
def test_what_a_killed_worker_had_asked_is_booked_when_nobody_goes_on_with_it(session, asker, nudged, by):
    killed_while_it_asked(session)
    if by == "the user":
        chat.cancel(asker, session)
    else:
        changed(session, claims=5)
        SenateCall.objects.update(data={**session.calls.get().data, "claim": 5})
        tasks.reap()
    assert ended(session)[0] == ("cancelled" if by == "the user" else "failed")
    booked, call = AIUsageLog.objects.get(), session.calls.get()
    assert (booked.usage_source, booked.error_code, booked.total_tokens) == ("unknown", "lost", 900)
    assert (call.state, call.log_id, call.cost_usd) == ("cancelled", booked.pk, booked.actual_cost_usd)
    assert chat.events(session)[-1]["data"]["spent_usd"] == "0.0125"
    invariants.check([session])


def test_a_session_that_runs_out_of_time_tells_what_its_open_calls_cost(session, upstream, work, monkeypatch):
    monkeypatch.setattr(store, "left_s", lambda session: 0.5)
    upstream.script("hangmid")
    session = work(session)
    assert (session.state, session.reason) == ("failed", store.LATE)
    booked, call = AIUsageLog.objects.get(), session.calls.get()
    assert (call.state, call.error, call.log_id) == ("cancelled", store.LATE, booked.pk)
    assert chat.events(session)[-1]["data"]["tokens"] == booked.total_tokens
    invariants.check([session], upstream_calls=len(upstream.calls))


def test_what_a_worker_held_that_died_before_its_row_knew_of_it_is_freed_by_the_next(session, asker, work):
    store.claim(session.pk, new_token())
    held = {"user_id": asker.pk, "operation": "solo", "session_id": str(session.pk), "lease_s": 90}
    loop.run(ledger.reserve(**held, tokens=1_000, usd=Decimal(0)))
    changed(session, claim_expires_at=ago(seconds=1))
    assert work(session).state == "done"
    assert not Reservation.objects.filter(closed_at=None).exists()


def test_a_session_that_is_claimed_while_its_worker_stops_is_handed_back(session, nudged):
    async def stopped_meanwhile():
        taking = asyncio.ensure_future(DESK.take(session.pk))
        await asyncio.sleep(0)  # it has asked for the claim
        await DESK.close()
        return await taking

    assert loop.run(stopped_meanwhile(), 20) is False
    DESK.open()
    session.refresh_from_db()
    assert (session.claimed_by, nudged) == ("", [session.pk])


def test_a_worker_that_is_stopped_hands_its_sessions_back_at_once(session, upstream, committee, asker):
    committee("fake-optimist-hang")
    hanging = chat.start(asker, question="Roll back?", mode="solo")
    tasks.run_session(hanging.pk)
    upstream.wait_for(lambda calls: len(calls) == 1)
    tasks.hand_back()
    hanging.refresh_from_db()
    assert (hanging.state, hanging.claimed_by) == ("running", "")
    assert not loop.run(DESK.take(hanging.pk)), "a worker that stops takes nothing more"
    assert store.claim(hanging.pk, new_token())


def test_a_call_that_never_left_a_stopped_worker_costs_nothing_and_is_no_row(session, upstream, asker, work):
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"requests_per_minute": {"local": 1}})
    loop.run(wait_for_turn("local", 1, within_s=1))  # the only turn of this minute is gone
    tasks.run_session(session.pk)
    until = timezone.now() + timedelta(seconds=20)
    while not session.calls.exists():
        assert timezone.now() < until, "a call that waits for its turn"
    tasks.hand_back()
    AIServiceConfig.objects.update(requests_per_minute={})
    DESK.open()

    session = work(session)
    assert session.state == "done"
    booked = AIUsageLog.objects.filter(session_id=str(session.pk))
    assert booked.count() == len(upstream.calls) == 1
    waited, asked = session.calls.order_by("pk")
    assert (waited.error_code, waited.cost_usd, waited.log_id) == ("worker_lost", 0, None)
    assert asked.log_id == booked.get().pk
    invariants.check([session], upstream_calls=1)


def test_an_unreachable_broker_leaves_the_session_queued(asker, committee, settings):
    session = chat.start(asker, question="Roll back?", mode="solo")
    session.refresh_from_db()
    assert session.state == "queued"
