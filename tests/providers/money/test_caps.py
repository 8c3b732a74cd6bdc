"""Caps as pages see and change them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from providers.exceptions import BudgetExceeded, InvalidInput
from providers.models import UserAICap
from providers.money import caps
from tests.providers.ledger.ledger_kit import NOON, attempt, record, reserve


@pytest.fixture
def cast(transactional_db, people):
    return people


def test_a_user_without_a_row_stands_at_the_defaults(cast):
    stands = caps.standing(cast["ivo"], NOON)
    assert (stands.token_cap, stands.cost_cap_usd) == (100_000, Decimal("10.00"))
    assert (stands.left_tokens, stands.left_usd) == (100_000, Decimal("10.00"))
    assert (stands.used_tokens, stands.used_usd, stands.reserved_tokens, stands.reserved_usd) == (0, 0, 0, 0)
    assert stands.resets_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_used_reserved_and_left_add_up_to_the_cap(cast):
    held = reserve(cast["ivo"].pk, 1000, "1.00", now=NOON)
    record(attempt(cast["ivo"].pk, 100, 50, "0.25"), held, now=NOON)
    stands = caps.standing(cast["ivo"], NOON)
    assert (stands.used_tokens, stands.reserved_tokens, stands.left_tokens) == (150, 850, 99_000)
    assert (stands.used_usd, stands.reserved_usd, stands.left_usd) == (
        Decimal("0.25"),
        Decimal("0.75"),
        Decimal("9.00"),
    )
    assert caps.standing(cast["ivo"], NOON.replace(day=22)).used_tokens == 0


def test_a_cap_below_what_is_used_leaves_nothing_not_less(cast):
    record(attempt(cast["ivo"].pk, usd="2.00"), reserve(cast["ivo"].pk))
    UserAICap.objects.create(user=cast["ivo"], daily_token_cap=1, daily_cost_cap_usd=Decimal(1))
    stands = caps.standing(cast["ivo"])
    assert (stands.left_tokens, stands.left_usd) == (0, 0)


def test_many_users_take_two_queries(cast, django_assert_num_queries):
    reserve(cast["ana"].pk, 10, "0")
    with django_assert_num_queries(2):
        found = caps.standings(cast.values())
    assert {name: found[user.pk].reserved_tokens for name, user in cast.items()} == {
        "mara": 0,
        "ivo": 0,
        "ana": 10,
        "lee": 0,
    }


def test_a_change_holds_at_the_next_call(cast):
    ivo, mara = cast["ivo"], cast["mara"]
    with pytest.raises(BudgetExceeded):
        reserve(ivo.pk, 200_000, "0")
    stands = caps.change(ivo, daily_token_cap="250,000", by=mara, reason="release week")
    assert (stands.token_cap, stands.cost_cap_usd) == (250_000, Decimal("10.00"))
    assert reserve(ivo.pk, 200_000, "0")
    caps.change(ivo, daily_cost_cap_usd="$1,200.50", daily_token_cap=5, by=mara, reason="quarter end")
    found = UserAICap.objects.get(user=ivo)
    assert (found.daily_token_cap, found.daily_cost_cap_usd) == (5, Decimal("1200.50"))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"daily_token_cap": -1}, "daily_token_cap"),
        ({"daily_token_cap": "12.5"}, "daily_token_cap"),
        ({"daily_token_cap": 12.0}, "daily_token_cap"),
        ({"daily_token_cap": True}, "daily_token_cap"),
        ({"daily_token_cap": 10**13}, "daily_token_cap"),
        ({"daily_token_cap": "9" * 5000}, "daily_token_cap"),
        ({"daily_cost_cap_usd": "-0.01"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "NaN"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "1e9"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "0.0000001"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "1e-999999"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": "ten"}, "daily_cost_cap_usd"),
        ({"daily_cost_cap_usd": []}, "daily_cost_cap_usd"),
        ({}, "daily_token_cap"),
        ({"daily_token_cap": 5, "until": "soon"}, "until"),
        ({"daily_token_cap": 5, "until": "2026-11-21T12:00"}, "until"),
        ({"daily_token_cap": 5, "until": "2020-01-01T00:00+00:00"}, "until"),
        ({"daily_token_cap": 5, "until": "9999-12-31T23:59+00:00"}, "until"),
        ({"daily_token_cap": 5, "until": ["tonight"]}, "until"),
        ({"daily_token_cap": 5, "reason": "  "}, "reason"),
        ({"daily_token_cap": 5, "reason": None}, "reason"),
        ({"daily_token_cap": 5, "reason": "x" * 201}, "reason"),
    ],
)
def test_a_bad_cap_is_refused_at_its_field_and_changes_nothing(cast, given, field):
    with pytest.raises(InvalidInput) as caught:
        caps.change(cast["ivo"], by=cast["mara"], **({"reason": "why"} | given))
    assert set(caught.value.errors) == {field}
    assert not UserAICap.objects.exists()


def test_a_change_is_logged_with_who_and_why(cast, caplog):
    with caplog.at_level("INFO", logger="providers.money.caps"):
        caps.change(cast["ivo"], daily_token_cap=7, by=cast["mara"], reason="quiet\nweek")
    (line,) = caplog.messages
    assert f"cap of user {cast['ivo'].pk} changed by user {cast['mara'].pk}" in line
    assert "'100000'" in line
    assert "'7'" in line
    assert "quiet\\nweek" in line


def test_zero_is_a_cap(cast):
    caps.change(cast["lee"], daily_token_cap=0, by=cast["mara"], reason="on leave")
    with pytest.raises(BudgetExceeded):
        reserve(cast["lee"].pk, 1, "0")


def test_the_reset_is_the_next_midnight_also_on_the_last_day_of_a_year(cast):
    stands = caps.standing(cast["ivo"], datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert stands.resets_at.date() == date(2027, 1, 1)
