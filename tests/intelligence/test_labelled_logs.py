"""The figures of issue 6 on real logs: right class, right line, no false alarm, honest confidence."""

import pytest

from intelligence.analyst import Claim, check_quotes
from intelligence.rules.classes import BY_CODE
from tests.intelligence.labelled import FAILING, HEALTHY, Labelled

HALVES = [False, True]
half = pytest.mark.parametrize("held_out", HALVES, ids=["developed with", "held out"])


def share(logs: list[bool]) -> float:
    return sum(logs) / len(logs)


def test_the_set_is_large_enough() -> None:
    assert len(FAILING) >= 60
    assert len(HEALTHY) >= 20
    assert {one.code for one in FAILING} <= set(BY_CODE)


@half
def test_the_primary_class_is_right_in_nine_of_ten(held_out: bool) -> None:
    assert share([one.right for one in FAILING if one.held_out is held_out]) >= 0.9


@half
def test_the_decisive_line_is_near_in_most(held_out: bool) -> None:
    assert share([one.near for one in FAILING if one.held_out is held_out]) >= 0.85


@pytest.mark.parametrize("log", HEALTHY, ids=lambda one: one.name)
def test_a_healthy_log_raises_no_alarm(log: Labelled) -> None:
    assert log.answer.healthy
    assert log.answer.primary is None
    assert log.answer.patterns == ()


@half
def test_of_the_answers_given_with_ninety_percent_nine_in_ten_are_right(held_out: bool) -> None:
    sure = [one for one in FAILING if one.held_out is held_out and one.answer.patterns[0].confidence >= 0.9]
    assert len(sure) > 30
    assert share([one.right for one in sure]) >= 0.9


def test_every_quote_stands_in_its_log_at_the_named_line() -> None:
    for one in FAILING:
        for pattern in one.answer.patterns:
            (checked,) = check_quotes([Claim(pattern.code, pattern.quote)], one.raw)
            lines = one.raw.decode("utf-8", "replace").split("\n")
            if len(pattern.quote) >= 8:
                assert not checked.hypothesis, (one.name, pattern)
            assert pattern.lines[0] <= len(lines)


def test_an_answer_has_a_cause_and_next_steps() -> None:
    for one in FAILING:
        assert one.answer.cause.endswith(".")
        assert "\n" not in one.answer.cause
        assert one.answer.recommendations
