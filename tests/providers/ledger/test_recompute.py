"""A cost can be derived again from its row alone, to the pico-dollar, whatever kind of usage it was."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings

from providers.ledger.recompute import recompute, recomputed
from providers.money.pricing import cost_of
from providers.types import Usage
from tests.providers.ledger.ledger_kit import attempt, record
from tests.providers.money.test_pricing import MODELS, NOON, usages


@given(usage=usages)
@settings(max_examples=40, deadline=None)
def test_every_model_and_usage_gives_the_same_figure_again(usage):
    for slug, model in MODELS:
        cost = cost_of(slug, model, usage, now=NOON)
        assert recomputed(cost.rates, usage) == cost.usd, (slug, model)


def test_what_has_no_rates_has_no_second_figure():
    cost = cost_of("openrouter", "openai/gpt-4o-mini", Usage(10, 10, cost_usd=Decimal("0.5")))
    assert recomputed(cost.rates, Usage(10, 10)) is None


@pytest.fixture
def ivo(transactional_db, django_user_model) -> int:
    return django_user_model.objects.create_user("ivo").pk


def booked(user_id: int, usage: Usage, usd: Decimal | None = None) -> None:
    cost = cost_of("openai", "gpt-4o-mini", usage)
    record(attempt(user_id, usage=usage, actual_cost_usd=usd or cost.usd, rates=cost.rates), "")


def test_the_command_finds_no_difference_in_honest_rows(ivo, capsys):
    for tokens in ((1, 1), (1000, 3, 990), (7, 100_000, 0, 7, 99_999)):
        booked(ivo, Usage(*tokens))
    record(attempt(ivo), "")  # without rates
    call_command("recompute_costs")
    assert "4 rows: 0 differ, 1 have no rates" in capsys.readouterr().out


def test_the_command_names_a_row_whose_cost_is_not_its_own(ivo, capsys):
    booked(ivo, Usage(1, 1))
    booked(ivo, Usage(1000, 1), usd=Decimal("0.5"))
    with pytest.raises(CommandError, match="2 rows: 1 differ"):
        call_command("recompute_costs")
    assert "row 2: 0.5" in capsys.readouterr().out
    assert [again.differs for again in recompute()] == [False, True]
