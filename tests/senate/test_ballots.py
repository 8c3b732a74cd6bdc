import json
import random
from fractions import Fraction

import pytest

from senate.engine.ballots import (
    Ballot,
    Unreadable,
    Vote,
    ballot_schema,
    dissenters,
    independent_votes,
    mean_agreement,
    parse_ballot,
    parse_chair,
    standings,
)

GOOD = {
    "votes": [
        {"proposal": "B", "reason": "Right cause.", "agree": True},
        {"proposal": "C", "reason": "Ignores the lock.", "agree": False},
    ],
    "ranking": ["B", "C"],
}


def changed(**changes):
    return json.dumps({**GOOD, **changes})


def votes(*rows):
    return [{"proposal": p, "reason": "r", "agree": a} for p, a in rows]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        "```json\n" + json.dumps(GOOD, indent=1) + "\n```",
        "```\n" + json.dumps(GOOD) + "\n```\n",
        "<think>B seems right; C says I must agree.</think>\n" + json.dumps(GOOD),
    ],
)
def test_a_ballot_is_read_also_from_a_code_fence(text):
    ballot = parse_ballot(text, [1, 2])
    assert ballot.votes == (Vote(1, True, "Right cause."), Vote(2, False, "Ignores the lock."))
    assert ballot.ranking == (1, 2)


MALFORMED = {
    "empty": "",
    "prose": "I agree with B because it is right, and disagree with C. Ranking: B, C.",
    "prose around JSON": "Here is my ballot: " + json.dumps(GOOD),
    "a number": "42",
    "a list": "[1, 2]",
    "half": json.dumps(GOOD)[:-20],
    "two objects": json.dumps(GOOD) * 2,
    "two fences": "```json\n" + json.dumps(GOOD) + "\n```\n```json\n" + json.dumps(GOOD) + "\n```",
    "no ranking": json.dumps({"votes": GOOD["votes"]}),
    "extra field": changed(confidence=0.99),
    "votes no list": changed(votes={"B": True}),
    "vote no object": changed(votes=["B", "C"]),
    "agree in words": changed(votes=[{**v, "agree": "yes"} for v in GOOD["votes"]]),
    "agree as number": changed(votes=[{**v, "agree": 1} for v in GOOD["votes"]]),
    "no reason": changed(votes=[{**v, "reason": " "} for v in GOOD["votes"]]),
    "one vote short": changed(votes=GOOD["votes"][:1]),
    "one vote twice": changed(votes=[*GOOD["votes"], GOOD["votes"][0]]),
    "vote for itself": changed(votes=votes(("A", True), ("B", True), ("C", True))),
    "vote for itself instead": changed(votes=votes(("A", True), ("B", True))),
    "unknown proposal": changed(votes=votes(("B", True), ("Z", True))),
    "proposal as number": changed(votes=votes((1, True), (2, True))),
    "ranking short": changed(ranking=["B"]),
    "ranking double": changed(ranking=["B", "B"]),
    "ranking with itself": changed(ranking=["A", "B", "C"]),
    "key twice": '{"votes": [], "votes": [], "ranking": []}',
    "agree twice": json.dumps(GOOD).replace('"agree": true', '"agree": true, "agree": false'),
    "NaN": changed(ranking=[float("nan")]),
    "deep": "[" * 20_000,
    "huge": " " * 70_000 + json.dumps(GOOD),
    "null": "null",
    "true": "true",
    "a string": '"B"',
    "empty object": "{}",
    "single quotes": str(GOOD),
    "trailing comma": json.dumps(GOOD).replace("]}", "],}"),
    "comment": json.dumps(GOOD)[:-1] + " /* done */}",
    "YAML": "votes:\n  - proposal: B\n    agree: true\nranking: [B, C]",
    "XML": "<ballot><vote proposal='B'>agree</vote></ballot>",
    "a table": "| B | agree |\n| C | disagree |\n\nRanking: B > C",
    "FINAL RANKING": "FINAL RANKING:\n1. Response B\n2. Response C",
    "letters only": "B, C",
    "apology": "I'm sorry, but I can't rank the proposals of my colleagues.",
    "JSON lines": "\n".join(json.dumps(v) for v in GOOD["votes"]),
    "wrapped in ballot": json.dumps({"ballot": GOOD}),
    "wrapped in a list": json.dumps([GOOD]),
    "a string of JSON": json.dumps(json.dumps(GOOD)),
    "text after the fence": "```json\n" + json.dumps(GOOD) + "\n```\nI hope this helps.",
    "text before the fence": "Ballot:\n```json\n" + json.dumps(GOOD) + "\n```",
    "fence not closed": "```json\n" + json.dumps(GOOD),
    "thinking not closed": "<think>B is right. " + json.dumps(GOOD),
    "agree null": changed(votes=[{**v, "agree": None} for v in GOOD["votes"]]),
    "agree as text": changed(votes=[{**v, "agree": "true"} for v in GOOD["votes"]]),
    "agree missing": changed(votes=[{"proposal": p, "reason": "r"} for p in "BC"]),
    "vote word": changed(votes=[{"proposal": p, "reason": "r", "vote": "agree"} for p in "BC"]),
    "reason as number": changed(votes=[{**v, "reason": 5} for v in GOOD["votes"]]),
    "reason null": changed(votes=[{**v, "reason": None} for v in GOOD["votes"]]),
    "score beside": changed(votes=[{**v, "score": 9} for v in GOOD["votes"]]),
    "lower case": changed(votes=votes(("b", True), ("c", True))),
    "two in one": changed(votes=votes(("B and C", True), ("C", True))),
    "a name": changed(votes=votes(("Claude", True), ("C", True))),
    "ranking as text": changed(ranking="B > C"),
    "ranking as objects": changed(ranking=[{"proposal": "B"}, {"proposal": "C"}]),
    "ranking of numbers": changed(ranking=[1, 2]),
    "ranking with a stranger": changed(ranking=["B", "Z"]),
    "ranking nested": changed(ranking=[["B"], ["C"]]),
    "votes null": changed(votes=None),
    "votes empty": changed(votes=[]),
    "infinity": json.dumps(GOOD).replace("true", "Infinity"),
    "half a surrogate as label": changed(votes=votes(("\ud800", True), ("C", True))),
    "another reviewer's": changed(votes=votes(("D", True), ("E", True))),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_nothing_is_guessed_from_a_malformed_ballot(text):
    with pytest.raises(Unreadable):
        parse_ballot(text, [1, 2])


def test_there_are_sixty_malformed_ballots():
    assert len(set(MALFORMED.values())) >= 60


def test_the_schema_names_exactly_the_proposals_to_judge():
    label = ballot_schema([2, 0])["properties"]["ranking"]["items"]
    assert label["enum"] == ["A", "C"]


def test_a_chairs_reply_is_read_and_empty_answers_count_as_none():
    text = json.dumps(
        {
            "resolution": "Roll back.",
            "dissents": [{"proposal": "A", "answer": " "}, {"proposal": "C", "answer": "No."}],
        }
    )
    reply = parse_chair(text, [0, 1, 2])
    assert reply.resolution == "Roll back."
    assert reply.answers == {2: "No."}


@pytest.mark.parametrize(
    "text",
    [
        "Roll back.",
        '{"resolution": "", "dissents": []}',
        '{"resolution": "Roll back."}',
        '{"resolution": "x", "dissents": [{"proposal": "Q", "answer": "y"}]}',
        '{"resolution": "x", "dissents": [{"proposal": "A", "answer": "y"}, {"proposal": "A", "answer": "z"}]}',
        '{"resolution": "x", "dissents": [{"proposal": "A", "answer": 1}]}',
        '{"resolution": "x", "dissents"',
    ],
)
def test_a_malformed_chairs_reply_is_refused(text):
    with pytest.raises(Unreadable):
        parse_chair(text, [0, 1, 2])


def ballot(ranking, **agree):
    return Ballot(tuple(Vote(int(p[1:]), a, "r") for p, a in agree.items()), tuple(ranking))


# The council of the design page: three agree with each other, the fourth disagrees with all, and all with it.
COUNCIL = {
    0: ballot([1, 2, 3], p1=True, p2=True, p3=False),
    1: ballot([0, 2, 3], p0=True, p2=True, p3=False),
    2: ballot([1, 0, 3], p0=True, p1=True, p3=False),
    3: ballot([1, 0, 2], p0=False, p1=False, p2=False),
}


def test_support_is_counted_and_ties_go_to_the_better_rank():
    ranked = standings([0, 1, 2, 3], COUNCIL)
    assert [(s.member, s.agree, s.of) for s in ranked] == [(1, 2, 3), (0, 2, 3), (2, 2, 3), (3, 0, 3)]


def test_an_abstention_is_neither_for_nor_against():
    ranked = standings([0, 1, 2], {0: ballot([1, 2], p1=True, p2=False)})
    assert [(s.member, s.agree, s.of) for s in ranked] == [(1, 1, 1), (0, 0, 0), (2, 0, 1)]


def test_without_ballots_the_first_seat_leads():
    assert [s.member for s in standings([2, 4], {})] == [2, 4]


def test_who_disagrees_with_the_leading_proposal_dissents():
    assert dissenters(1, COUNCIL) == [3]
    assert dissenters(3, COUNCIL) == [0, 1, 2]
    assert dissenters(None, {}) == []


def test_independent_votes_come_from_mean_pairwise_agreement():
    assert mean_agreement(COUNCIL) == pytest.approx(0.5)
    assert independent_votes(4, 0.5) == pytest.approx(1.6)
    assert independent_votes(4, 1.0) == 1
    assert independent_votes(4, 0.0) == 4


def test_independent_votes_equal_the_closed_form_for_any_council():
    """n / (1 + (n - 1) a) with a counted here by proposal, over exact fractions."""
    dice = random.Random(5)
    for _ in range(200):
        seats = list(range(dice.randint(3, 7)))
        said = {r: {p: dice.random() < 0.6 for p in seats if p != r} for r in seats}
        cast = {r: ballot(list(of), **{f"p{p}": agree for p, agree in of.items()}) for r, of in said.items()}
        pairs = [(a, b) for a in seats for b in seats if a < b]
        shares = [[said[a][p] == said[b][p] for p in seats if p not in (a, b)] for a, b in pairs]
        agreement = sum(Fraction(sum(same), len(same)) for same in shares) / len(shares)
        assert mean_agreement(cast) == pytest.approx(float(agreement))
        exact = len(seats) / (1 + (len(seats) - 1) * agreement)
        assert independent_votes(len(seats), mean_agreement(cast)) == pytest.approx(float(exact))


def test_independent_votes_are_unknown_where_no_proposal_was_rated_twice():
    two = {0: ballot([1], p1=True), 1: ballot([0], p0=True)}
    assert mean_agreement(two) is None
    assert independent_votes(2, None) is None


def test_half_a_surrogate_pair_in_a_reason_is_mended():
    reply = changed(votes=[{**row, "reason": "a\ud83db\0"} for row in GOOD["votes"]])
    assert parse_ballot(reply, [1, 2]).votes[0].reason == "a\ufffdb\ufffd"
