"""Each fault of an upstream, on one member and on the chair: the others go on, it is said, the books are right."""

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from providers.models import AIServiceConfig, AIUsageLog, UserAICap
from providers.runtime import loop
from senate import chat
from senate.models import SenateSession
from senate.work.desk import DESK
from tests.fakes import modes
from tests.senate import invariants
from tests.senate.conftest import PERSONAS
from tests.senate.test_chat import QUESTION

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = "reset html badjson empty cut cut3 nodone errorevent nullcontent nochoices 500 529 429".split()
QUICK += ["bomb", "redirect"]
HANGING = ["hang", "hangmid", "loris"]


@pytest.fixture
def limits(asker, committee, settings):
    settings.SENATE_TIMEOUT_SECONDS = 8  # those that answer have it easily, on a busy machine too
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"max_retries": 0})
    UserAICap.objects.create(user=asker, daily_token_cap=10**9, daily_cost_cap_usd=Decimal(10_000))


def all_at_once(sessions, timeout=150):
    async def go():
        async with asyncio.timeout(timeout):
            for session in sessions:
                assert await DESK.take(session.pk)
            for session in sessions:
                async for _ in chat.follow(session.pk, every_s=0.05):
                    pass

    loop.run(go(), timeout + 5)
    return list(SenateSession.objects.filter(pk__in=[s.pk for s in sessions]).order_by("pk"))


def ask(asker, *members):
    return chat.start(asker, question=QUESTION, members=[f"local/{member}" for member in members])


def test_every_fault_of_one_member_leaves_a_labelled_partial_result(asker, limits, upstream):
    faults = [*QUICK, *HANGING]
    sessions = [ask(asker, "fake-optimist", "fake-engineer", f"fake-brief-{fault}") for fault in faults]
    sessions = all_at_once(sessions)
    for session, fault in zip(sessions, faults, strict=True):
        said = chat.transcript(session)
        state = "timed_out" if fault in HANGING else "failed"
        assert (session.state, said["partial"]) == ("partial", "2 of 3 members"), (fault, session.reason)
        assert [m["state"] for m in said["members"]] == ["done", "done", state], fault
        assert said["members"][2]["call"]["error"], fault
        assert session.resolution and said["resolution"]["state"] == "written", fault
        assert "2 of 3 members" in session.reason
    invariants.check(sessions)


def test_a_member_is_asked_again_only_before_its_first_word(asker, limits, upstream):
    AIServiceConfig.objects.update(max_retries=2, retry_base_delay_seconds=0.01)
    failed = []

    def overloaded_at_first(body, model):
        if model == "fake-sceptic" and not failed:
            failed.append(model)
            return "529"
        return None

    upstream.choose(overloaded_at_first)
    (session,) = all_at_once([ask(asker, "fake-optimist", "fake-sceptic", "fake-brief-cut3")])
    assert [member["state"] for member in chat.transcript(session)["members"]] == ["done", "done", "failed"]
    rows = AIUsageLog.objects.filter(session_id=str(session.pk), operation="senate.propose")
    assert Counter(row.metadata["call"] for row in rows) == {"propose:0": 1, "propose:1": 2, "propose:2": 1}
    invariants.check([session], len(upstream.calls))


def test_every_fault_of_the_chair_rotates_it_visibly(asker, limits, upstream):
    def at_the_chair(body, model):
        """The mode behind the @ of the model's name, when it is asked to chair."""
        fault = model.partition("@")[2]
        return fault if fault and "You chair a committee" in str(body["messages"][0]) else None

    upstream.choose(at_the_chair)
    faults = [*QUICK, *HANGING]
    sessions = all_at_once([ask(asker, "fake-optimist", f"fake-engineer@{f}", "fake-brief") for f in faults])
    for session, fault in zip(sessions, faults, strict=True):
        said = chat.transcript(session)
        (turn,) = said["resolution"]["rotations"]
        assert (turn["chair"], turn["to"]) == (1, 2) and turn["why"], fault
        assert (session.state, session.chair) == ("done", 2), (fault, session.reason)
    invariants.check(sessions)


def test_where_every_chair_fails_the_leading_proposal_stands_and_dissent_is_unanswered(asker, limits, upstream):
    upstream.choose(lambda body, model: "500" if "You chair" in str(body["messages"][0]) else None)
    (session,) = all_at_once([ask(asker, "fake-optimist", "fake-sceptic", "fake-engineer", "fake-brief")])
    said = chat.transcript(session)
    assert session.state == "partial" and session.reason.startswith("No chair could write a resolution.")
    assert said["resolution"]["label"] == "Leading proposal, not a resolution"
    assert session.resolution == said["members"][said["votes"]["leading"]]["call"]["text"]
    assert len(said["resolution"]["rotations"]) == 4
    assert all(dissent["state"] == "unanswered" for dissent in said["dissents"]) and said["dissents"]
    assert chat.outcome(session.pk).metadata["dissent_unanswered"]
    invariants.check([session])


def test_every_ballot_that_is_prose_is_repaired_once_within_the_quote(asker, limits, upstream, monkeypatch):
    """Five repairs at once, each with its own share of what was reserved."""
    proper = modes.compose

    def compose(dialect, body, *rest):
        if "You are a reviewer" in str(body["messages"][0]):
            body = {name: value for name, value in body.items() if name != "response_format"}
        return proper(dialect, body, *rest)

    monkeypatch.setattr(modes, "compose", compose)
    (session,) = all_at_once([ask(asker, *(f"fake-{p}" for p in PERSONAS))])
    said = chat.transcript(session)
    assert session.state == "done" and said["votes"]["ballots"] == 5
    assert session.calls.filter(key__endswith=":repair", state="done").count() == 5
    assert not session.calls.filter(error_code="over_quote").exists()
    assert said["totals"]["tokens"] <= session.quoted_tokens
    invariants.check([session], len(upstream.calls))


def test_all_members_down_names_each_ones_cause_and_gives_no_test_words(asker, limits, upstream, settings):
    settings.AI_ALLOW_MOCK = True
    (session,) = all_at_once([ask(asker, "fake-optimist-500", "fake-engineer-html", "fake-brief-empty")])
    assert session.state == "failed" and not session.resolution
    assert session.reason.startswith("No member answered.") and session.reason.count("fake-") >= 3
    invariants.check([session])


def test_a_nudge_delivered_ten_times_is_one_deliberation(asker, committee, upstream):
    session = chat.start(asker, question=QUESTION, members=["local/fake-optimist"])

    async def nudged():
        return [await DESK.take(session.pk) for _ in range(10)]

    assert loop.run(nudged()).count(True) == 1
    loop.run(until_over(session.pk), 20)
    assert loop.run(DESK.take(session.pk)) is False
    invariants.check([session], len(upstream.calls))
    assert len(upstream.calls) == 1


async def until_over(pk):
    async for _ in chat.follow(pk, every_s=0.05):
        pass
