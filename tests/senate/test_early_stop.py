"""Ballots that can no longer change who leads are called off: never another winner, and what it saves is shown."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import combinations, combinations_with_replacement, product

import pytest

from providers.models import AIServiceConfig, AIUsageLog
from senate import chat
from senate.engine.ballots import Ballot, Vote, decided, standings
from senate.engine.deliberation import NOT_NEEDED
from tests.senate.rows import begin, done, running
from tests.senate.scripted import Table, ballot
from tests.senate.test_chat import QUESTION


def ballots_of(reviewer, members):
    """Every ballot that this reviewer can cast, and None: it abstains."""
    others = [m for m in members if m != reviewer]
    yield None
    for verdicts in product((True, False), repeat=len(others)):
        votes = tuple(Vote(p, agree, "r") for p, agree in zip(others, verdicts, strict=True))
        yield Ballot(votes, tuple(others))


def tally(votes):
    """What the votes come to: (agree, of) by proposal. Ballots that come to the same are tried once."""
    counts = {}
    for one in votes:
        for vote in one.votes if one else ():
            agree, of = counts.get(vote.proposal, (0, 0))
            counts[vote.proposal] = (agree + vote.agree, of + 1)
    return tuple(sorted(counts.items()))


def wholes(reviewers, members):
    """Every set of ballots of these reviewers, one for each tally."""
    seen = {}
    for votes in product(*(list(ballots_of(r, members)) for r in reviewers)):
        seen.setdefault(tally(votes), votes)
    return list(seen.values())


def cast(reviewers, votes):
    return {r: b for r, b in zip(reviewers, votes, strict=True) if b is not None}


@pytest.mark.parametrize("n, at_least", [(2, 0), (3, 3), (4, 100)])
def test_no_ballot_still_out_ever_changes_a_decided_winner(n, at_least):
    members, calls = list(range(n)), 0
    for size in range(1, n):
        for inside in combinations(members, size):
            out = [m for m in members if m not in inside]
            endings = wholes(out, members)
            for votes in product(*(list(ballots_of(r, members)) for r in inside)):
                known = cast(inside, votes)
                winner = decided(members, known, out)
                if winner is None:
                    continue
                calls += 1
                for ending in endings:
                    assert standings(members, {**known, **cast(out, ending)})[0].member == winner
    assert calls >= at_least


def ballots_that_come_to(agrees, cast_by, members):
    """Ballots of these reviewers of whom `agrees[p]` agree with proposal p, whoever they are."""
    left = dict(enumerate(agrees))
    made = {}
    for reviewer in cast_by:
        others = tuple(m for m in members if m != reviewer)
        made[reviewer] = Ballot(tuple(VOTES[p, left[p] > 0] for p in others), others)
        for p in others:
            left[p] -= 1
    return made


def the_worst_for(winner, reviewers, members):
    """Each of them is against it and for all others, and ranks it last."""
    made = {}
    for reviewer in reviewers:
        others = sorted((m for m in members if m != reviewer), key=lambda m: m == winner)
        made[reviewer] = Ballot(tuple(VOTES[p, p != winner] for p in others), tuple(others))
    return made


VOTES = {(p, agree): Vote(p, agree, "r") for p in range(5) for agree in (True, False)}


def test_with_five_members_too():
    """Every tally of the ballots that are in, against the worst that any of those still out may add.

    A verdict on one proposal is free of those on the others, so each tally stands for all its ballots; and a share
    only grows with a vote for it and shrinks with one against it, so no other ending is worse than the worst. Who
    of the five is in, silent or out is the same from each seat: a greater share counts alone.
    """
    members, calls = list(range(5)), 0
    for states in combinations_with_replacement(("cast", "abstained", "out"), 5):
        cast_by = [m for m in members if states[m] == "cast"]
        out = [m for m in members if states[m] == "out"]
        if not cast_by or not out:
            continue
        for agrees in product(*(range(len(set(cast_by) - {p}) + 1) for p in members)):
            known = ballots_that_come_to(agrees, cast_by, members)
            winner = decided(members, known, out)
            if winner is None:
                continue
            calls += 1
            for size in range(len(out) + 1):
                for late in combinations(out, size):
                    ended = standings(members, known | the_worst_for(winner, late, members))
                    assert ended[0].member == winner, (agrees, states, late)
    assert calls > 100


async def test_a_ballot_that_is_not_needed_is_called_off():
    never = asyncio.Event()

    async def late(spec):
        await never.wait()

    script = {"review:4": late}
    script |= {f"review:{m}": (lambda spec: ballot(spec, B=False, C=False, D=False, E=False)) for m in (1, 2, 3)}
    table = Table(members=5, script=script, early_stop=True)
    result = await asyncio.wait_for(table.run(), 5)
    (abstained,) = table.of("abstention")
    assert (abstained.member, abstained.data["why"]) == (4, NOT_NEEDED)
    assert result.state == "done" and len(table.of("vote")) == 16
    assert "Author of E" not in table.prompts["chair:1"].messages[0].content.partition("begin reviews")[2]


class Together(Table):
    """What several members say at once is stored at once, and they go on one after the other."""

    async def emit(self, *events):
        await super().emit(*events)
        for _ in range(1 + events[0].member):
            await asyncio.sleep(0)


async def test_a_call_that_is_called_off_by_several_ballots_at_once_is_cancelled_once():
    written = []

    async def writes_down_its_end(spec):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for _ in range(10):
                await asyncio.sleep(0)
            written.append(spec.key)
            raise

    def against(spec):
        return ballot(spec, **dict.fromkeys({"B", "C", "D", "E"} - {"ABCDE"[spec.member]}, False))

    script = {f"review:{m}": against for m in range(4)} | {"review:4": writes_down_its_end}
    table = Together(members=5, script=script, early_stop=True)
    await asyncio.wait_for(table.run(), 5)
    assert written == ["review:4"]
    assert [event.member for event in table.of("abstention")] == [4]


async def test_without_the_setting_every_ballot_is_awaited():
    script = {f"review:{m}": (lambda spec: ballot(spec, B=False, C=False, D=False, E=False)) for m in (1, 2, 3)}
    table = Table(members=5, script=script)
    await table.run()
    assert len(table.of("vote")) == 20 and not table.of("abstention")


@pytest.mark.django_db(transaction=True)
def test_what_was_saved_is_shown_and_what_was_cut_is_booked(asker, committee, upstream, work, settings):
    settings.SENATE_EARLY_STOP = True
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"model_pricing": {"*": {"input": 1, "output": 4}}})
    committee("fake-optimist", "fake-cautious", "fake-cautious-b", "fake-sceptic", "fake-cautious-slow")
    asked = Counter()

    def half_a_ballot(body, model):
        """The fifth is still writing its ballot when the four others, who waited for it to begin, are in."""
        asked[model] += 1
        if asked[model] != 2:  # the first is its proposal
            return None
        return "hangmid" if model == "fake-cautious-slow" else "hold"

    def begun(calls):
        return [call.body["model"] for call in calls].count("fake-cautious-slow") == 2

    upstream.set_mode("", pause=0.001)
    upstream.choose(half_a_ballot)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: (upstream.wait_for(begun), upstream.release()))
        session = work(chat.start(asker, question=QUESTION))
    said = chat.transcript(session)
    stopped = said["votes"]["early_stop"]
    (reviewer,) = stopped["reviewers"]
    assert reviewer == 4
    assert session.state == "done" and Decimal(stopped["saved_usd"]) >= 0
    assert said["votes"]["rows"][reviewer]["state"] == "abstained"
    call = session.calls.get(key=f"review:{reviewer}")
    assert (call.state, call.error_code) == ("cancelled", "not_needed")
    assert AIUsageLog.objects.filter(pk=call.log_id, usage_source="interrupted").exists()
    assert chat.outcome(session.pk).metadata["early_stop"] == stopped


@pytest.mark.django_db(transaction=True)
def test_the_saving_is_what_a_ballot_cost_here_less_what_the_cut_ones_cost(people):
    session = running(people["ivo"])
    for member, cost in ((0, "0.0100"), (1, "0.0140"), (2, "0.0020")):
        begin(session, member, "review")
        ends = {"cost_usd": cost} | ({"state": "cancelled", "error_code": "not_needed"} if member == 2 else {})
        done(session, member, "", "review", **ends)
    assert chat.transcript(session)["votes"]["early_stop"] == {"reviewers": [2], "saved_usd": "0.01"}
