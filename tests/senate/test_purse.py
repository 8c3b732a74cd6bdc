from decimal import Decimal

import pytest

from senate.engine.purse import Amount, Purse


def amount(tokens):
    return Amount(tokens, Decimal(tokens) / 1000)


@pytest.fixture
def purse():
    planned = {"propose:0": 100, "propose:1": 100, "review:0": 50, "review:1": 50, "chair": 80}
    return Purse(amount(380), {key: amount(n) for key, n in planned.items()})


def test_a_planned_call_always_fits(purse):
    assert all(purse.take(f"propose:{m}", amount(100), extra=False) for m in (0, 1))
    assert purse.bound == amount(380)


def test_an_extra_call_is_paid_from_what_was_left_over(purse):
    purse.take("review:0", amount(50), extra=False)
    purse.settle("review:0", amount(20))
    assert purse.take("review:0:repair", amount(30), extra=True)


def test_an_extra_call_that_would_pass_the_quote_is_refused(purse):
    purse.take("propose:0", amount(100), extra=False)
    purse.settle("propose:0", amount(95))
    purse.take("propose:1", amount(100), extra=False)
    purse.settle("propose:1", amount(100))
    assert not purse.take("review:0:repair", amount(30), extra=True)
    assert purse.bound == amount(375)


def test_what_a_lost_member_was_to_cost_is_free_in_the_next_phase(purse):
    purse.take("propose:0", amount(100), extra=False)
    purse.settle("propose:0", amount(100))
    purse.take("chair:1", amount(80), extra=False)
    purse.settle("chair:1", amount(80))
    assert purse.bound == amount(180)
    assert purse.take("chair:0", amount(80), extra=True)


def test_dollars_bind_as_well_as_tokens():
    purse = Purse(Amount(1_000, Decimal("0.01")), {})
    assert not purse.take("chair:1", Amount(10, Decimal("0.02")), extra=True)
