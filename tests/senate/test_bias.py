"""Our ballot against the two known ones, with reviewers that favour a place and themselves (same seeds for all).

The popular rule: every reviewer reads all answers, its own included, in one fixed order, and the mean place in the
rankings decides. The deeper one: one order dealt anew for each session but the same for every reviewer, the place
given to oneself left out, mean Borda. Ours: the others' answers only, in balanced orders; share of agreement, then
Borda.
"""

import random
from statistics import mean

import pytest

from senate.engine.ballots import Ballot, Vote, standings
from senate.engine.prompts import order_for

MEMBERS = range(5)
ROUNDS = 1_500


def judged(dice, quality, order, reviewer, place_bias, self_bias, noise):
    """What the reviewer makes of each answer, in the order in which it reads them."""
    last = len(order) - 1
    return {
        one: quality[one] + dice.gauss(0, noise) + place_bias * (1 - at / last) + self_bias * (one == reviewer)
        for at, one in enumerate(order)
    }


def popular(dice, quality, **bias):
    places = {one: [] for one in MEMBERS}
    for reviewer in MEMBERS:
        felt = judged(dice, quality, list(MEMBERS), reviewer, **bias)
        for place, one in enumerate(sorted(felt, key=felt.get, reverse=True)):
            places[one].append(place)
    return min(MEMBERS, key=lambda one: (mean(places[one]), one))


def dealt_once(dice, quality, **bias):
    order = dice.sample(list(MEMBERS), len(MEMBERS))
    points = {one: [] for one in MEMBERS}
    for reviewer in MEMBERS:
        felt = judged(dice, quality, order, reviewer, **bias)
        for place, one in enumerate(sorted(felt, key=felt.get)):
            if one != reviewer:
                points[one].append(place)
    return max(MEMBERS, key=lambda one: (mean(points[one]), -one))


def ours(dice, quality, seed, **bias):
    ballots = {}
    for reviewer in MEMBERS:
        order = order_for(reviewer, list(MEMBERS), seed)
        felt = judged(dice, quality, order, reviewer, **bias)
        ranking = tuple(sorted(felt, key=felt.get, reverse=True))
        good = mean(felt.values())
        ballots[reviewer] = Ballot(tuple(Vote(p, felt[p] > good, "r") for p in ranking), ranking)
    return standings(list(MEMBERS), ballots)[0].member


def wrong_winners(place_bias, self_bias, noise=0.25):
    """Share of rounds in which not the best answer wins: (popular, dealt once, ours)."""
    lost = [0, 0, 0]
    for seed in range(ROUNDS):
        quality = dict(enumerate(random.Random(seed).sample([0.0, 0.25, 0.5, 0.75, 1.5], 5)))
        best = max(quality, key=quality.get)
        bias = {"place_bias": place_bias, "self_bias": self_bias, "noise": noise}
        lost[0] += popular(random.Random(seed), quality, **bias) != best
        lost[1] += dealt_once(random.Random(seed), quality, **bias) != best
        lost[2] += ours(random.Random(seed), quality, seed, **bias) != best
    return [one / ROUNDS for one in lost]


@pytest.mark.parametrize("place_bias, self_bias", [(1.5, 0.0), (1.0, 1.0), (1.5, 1.5)])
def test_biased_reviewers_elect_the_wrong_answer_at_most_a_third_as_often(place_bias, self_bias):
    popular, once, mine = wrong_winners(place_bias, self_bias)
    wrong = f"{popular:.1%} popular, {once:.1%} dealt once, {mine:.1%} ours"
    print(f"place bias {place_bias}, self bias {self_bias}: wrong winner {wrong}")
    assert popular > 0.1 and mine <= popular / 3 and mine <= once


def test_without_bias_nothing_is_lost():
    popular, once, mine = wrong_winners(0.0, 0.0)
    assert mine <= min(popular, once) + 0.02
