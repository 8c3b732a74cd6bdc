"""The whole room against real HTTP and a real database: rows, events, money, faults."""

from decimal import Decimal

import pytest

from providers.models import AIUsageLog, CapDay, Reservation
from senate import chat
from senate.models import SenateCall

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "Checkout p99 rose after the last deployment. Roll back or raise the pool size?"


def ask(asker, **rest):
    return chat.start(asker, question=QUESTION, **rest)


def nothing_is_held(user):
    day = CapDay.objects.get(user=user)
    assert (day.reserved_tokens, day.reserved_usd) == (0, Decimal(0))
    assert not Reservation.objects.filter(closed_at=None).exists()
    rows = AIUsageLog.objects.filter(user_id=user.pk)
    assert day.used_tokens == sum(row.total_tokens for row in rows)


def test_a_session_of_five_leaves_eleven_calls_votes_and_a_resolution(asker, committee, work, upstream):
    session = work(ask(asker))
    assert (session.state, session.plan) == ("done", "senate")
    assert session.resolution
    assert SenateCall.objects.filter(session=session, state="done").count() == 11
    assert AIUsageLog.objects.filter(session_id=str(session.pk), success=True).count() == 11
    assert len(upstream.calls) == 11
    nothing_is_held(asker)


def test_events_have_no_gap_and_tell_the_whole_text(asker, committee, work):
    session = work(ask(asker))
    told = chat.events(session, 0, 10_000)
    assert [event["n"] for event in told] == list(range(1, session.last_n + 1))
    assert told[0]["type"] == "session.started" and told[-1]["type"] == "session.done"
    for call in SenateCall.objects.filter(session=session, phase="propose"):
        text = ""
        for event in told:
            if event["type"] == "call.text" and event["data"]["key"] == call.key:
                assert event["data"]["offset"] == len(text)
                text += event["data"]["text"]
        assert text == call.text != ""


def test_the_transcript_of_a_finished_session_is_whole(asker, committee, work):
    said = chat.transcript(work(ask(asker)))
    assert said["state_label"] == "Done" and said["resolution"]["label"] == "Resolution"
    assert [step["state"] for step in said["steps"]] == ["done", "done", "done"]
    assert said["votes"]["votes_in"] == said["votes"]["votes_total"] == 20
    assert {cell["state"] for row in said["votes"]["rows"] for cell in row["cells"]} <= {
        "own",
        "agree",
        "disagree",
    }
    assert [member["state"] for member in said["members"]] == ["done"] * 5
    assert said["resolution"]["member"] == 1
    assert all(dissent["state"] == "answered" for dissent in said["dissents"])
    assert said["totals"]["calls"] == said["totals"]["planned"] == 11
    assert said["last_n"] == chat.events(said["id"], 0, 10_000)[-1]["n"]


def test_a_member_that_fails_makes_the_session_partial(asker, committee, work):
    committee("fake-optimist", "fake-sceptic", "fake-engineer-500")
    session = work(ask(asker))
    assert session.state == "partial"
    assert "2 of 3 members" in session.reason
    said = chat.transcript(session)
    assert said["state_label"] == "Partial: 2 of 3 members"
    assert said["members"][2]["state"] == "failed" and said["members"][2]["call"]["error"]
    assert said["votes"]["absent"] == [2] and said["votes"]["members"] == [0, 1]
    nothing_is_held(asker)


def test_a_member_that_hangs_is_cut_off_for_real(asker, committee, work, upstream, settings):
    settings.SENATE_TIMEOUT_SECONDS = 0.5
    committee("fake-optimist", "fake-sceptic", "fake-engineer-hang")
    session = work(ask(asker))
    assert session.state == "partial"
    assert SenateCall.objects.get(session=session, key="propose:2").state == "timed_out"
    upstream.wait_for(lambda calls: [call.outcome for call in calls].count("left") == 1)
    nothing_is_held(asker)


def test_a_chair_that_fails_is_followed_by_the_next_and_both_are_shown(asker, committee, work, upstream):
    committee("fake-optimist", "fake-sceptic", "fake-engineer")
    upstream.script("ok", "ok", "ok", "ok", "ok", "ok", "500", "500", "500", "500")
    said = chat.transcript(work(ask(asker)))
    (rotation,) = said["resolution"]["rotations"]
    assert (rotation["chair"], rotation["to"]) == (1, 2)
    assert said["resolution"]["member"] == 2
    assert said["resolution"]["attempt"] == 2


def test_solo_is_one_call_with_one_column(asker, committee, work, upstream):
    session = work(ask(asker, mode="solo"))
    assert len(upstream.calls) == 1
    said = chat.transcript(session)
    assert (
        said["resolution"]["label"] == "Answer"
        and said["resolution"]["text"] == said["members"][0]["call"]["text"]
    )
    assert said["votes"] is None


def test_code_review_is_four_calls(asker, committee, work, upstream):
    session = work(ask(asker, mode="code-review"))
    assert len(upstream.calls) == 4
    said = chat.transcript(session)
    assert [member["review"]["text"] != "" for member in said["members"]] == [True, True]
    assert "reviews it" in said["resolution"]["text"]


def test_a_key_that_is_refused_fails_a_solo_session_with_the_documented_words(asker, committee, work):
    committee("fake-optimist-401")
    session = work(ask(asker))
    assert session.state == "failed"
    assert "401" in session.reason
    nothing_is_held(asker)


def test_cancelling_stops_running_calls_and_frees_the_rest(asker, committee, upstream):
    import asyncio

    from providers.runtime import loop
    from senate.work.desk import DESK

    committee(*(f"fake-{n}-hang" for n in ("optimist", "sceptic", "engineer")))
    session = ask(asker)
    loop.run(DESK.take(session.pk))
    upstream.wait_for(lambda calls: len(calls) == 3)
    chat.cancel(asker, session)

    async def told():
        async with asyncio.timeout(10):
            return [event async for event in chat.follow(session.pk, every_s=0.02)]

    events = loop.run(told())
    assert events[-1]["type"] == "session.cancelled"
    assert events[-1]["data"]["reason"] == "Cancelled by ivo."
    session.refresh_from_db()
    assert (session.state, session.reason) == ("cancelled", "Cancelled by ivo.")
    assert {call.state for call in session.calls.all()} == {"cancelled"}
    upstream.wait_for(lambda calls: all(call.outcome == "left" for call in calls))
    assert AIUsageLog.objects.filter(session_id=str(session.pk)).count() == 3
    nothing_is_held(asker)


def test_cancelling_a_queued_session_ends_it_at_once(asker, committee, upstream):
    session = ask(asker)
    chat.cancel(asker, session)
    session.refresh_from_db()
    assert session.state == "cancelled"
    assert not upstream.calls
    nothing_is_held(asker)
    chat.cancel(asker, session)


def test_the_bill_is_within_the_quote_of_tokens(asker, committee, work):
    session = work(ask(asker))
    assert sum(c.input_tokens + c.output_tokens for c in session.calls.all()) <= session.quoted_tokens
