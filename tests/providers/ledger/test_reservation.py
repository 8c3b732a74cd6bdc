"""Reserve, settle, release, extend, reap: what each does to the counters of the day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from providers.exceptions import BudgetExceeded, NotFound
from providers.models import AIUsageLog, CapDay, Reservation, UserAICap
from tests.providers.ledger.ledger_kit import (
    NOON,
    assert_reconciled,
    attempt,
    counters,
    only_row,
    record,
    release,
    reserve,
    set_cap,
)

DAY = NOON.date()
CALL = {"provider": "openai", "model": "gpt-4o-mini"}


@pytest.fixture
def ivo(transactional_db, django_user_model) -> int:
    return django_user_model.objects.create_user("ivo").pk


def test_a_reservation_is_held_then_settled_then_freed(ivo):
    held = reserve(ivo, 1000, "1.00")
    assert counters(ivo) == (0, 0, 1000, 1)
    record(attempt(ivo, 100, 10, "0.30"), held)
    assert counters(ivo) == (110, Decimal("0.30"), 890, Decimal("0.70"))
    release(held)
    assert counters(ivo) == (110, Decimal("0.30"), 0, 0)
    assert_reconciled()


def test_the_rest_stays_reserved_for_the_next_call_of_a_deliberation(ivo):
    held = reserve(ivo, 1000, "1.00")
    for _ in range(3):
        record(attempt(ivo, 100, 100, "0.10"), held)
    assert counters(ivo) == (600, Decimal("0.30"), 400, Decimal("0.70"))
    assert_reconciled()


def test_a_record_can_close_its_reservation_in_the_same_transaction(ivo):
    held = reserve(ivo, 1000, "1.00")
    record(attempt(ivo), held, close=True)
    assert counters(ivo) == (50, Decimal("0.05"), 0, 0)
    assert Reservation.objects.get().closed_at is not None


def test_release_again_frees_nothing_twice(ivo):
    first, second = reserve(ivo, 500), reserve(ivo, 300)
    release(first)
    release(first)
    assert counters(ivo)[2] == 300
    release(second)
    assert counters(ivo)[2] == 0
    release(str(uuid4()))
    release("no such thing")


def test_what_costs_more_than_was_reserved_is_charged_in_full_and_draws_only_what_was_held(ivo):
    other, held = reserve(ivo, 700, "0.70"), reserve(ivo, 100, "0.10")
    record(attempt(ivo, 400, 100, "0.50"), held)
    assert counters(ivo) == (500, Decimal("0.50"), 700, Decimal("0.70"))
    release(held)
    release(other)
    assert counters(ivo) == (500, Decimal("0.50"), 0, 0)
    assert_reconciled()


@pytest.mark.parametrize("how", ["closed", "unknown", "not an id", "another's"])
def test_spend_is_booked_also_without_a_reservation_to_draw_from(ivo, django_user_model, how):
    held = reserve(ivo)
    if how == "closed":
        release(held)
    reservation = {"closed": held, "unknown": str(uuid4()), "not an id": "", "another's": held}[how]
    user_id = django_user_model.objects.create_user("ana").pk if how == "another's" else ivo
    record(attempt(user_id), reservation)
    assert counters(user_id)[:2] == (50, Decimal("0.05"))
    assert AIUsageLog.objects.count() == 1
    assert_reconciled()


def test_the_same_attempt_is_booked_once(ivo):
    held, made = reserve(ivo), attempt(ivo)
    assert record(made, held) == record(made, held) == str(made.id)
    assert AIUsageLog.objects.count() == 1
    assert counters(ivo)[:2] == (50, Decimal("0.05"))
    assert_reconciled()


def test_over_the_token_cap_says_what_is_left_and_when_it_resets(ivo):
    set_cap(ivo, tokens=1000)
    reserve(ivo, 900, now=NOON)
    with pytest.raises(BudgetExceeded) as caught:
        reserve(ivo, 101, now=NOON)
    assert caught.value.message == (
        "Daily token cap exceeded. 100 of 1,000 tokens are left beside what running calls hold "
        "and this needs up to 101; the cap resets at 00:00 UTC, in 12 h 0 min."
    )
    assert (caught.value.code, caught.value.http_status) == ("daily_token_cap", 429)
    assert caught.value.retry_after == 12 * 3600
    assert reserve(ivo, 100, now=NOON)


def test_over_the_cost_cap_says_what_is_left(ivo):
    set_cap(ivo, usd="1.00")
    record(attempt(ivo, usd="0.75"), reserve(ivo, usd="0.80", now=NOON), close=True, now=NOON)
    with pytest.raises(BudgetExceeded) as caught:
        reserve(ivo, usd="0.2500001", now=NOON)
    assert caught.value.message == (
        "Daily cost cap exceeded. $0.2500 of $1.0000 are left and this can cost up to $0.2501; "
        "the cap resets at 00:00 UTC, in 12 h 0 min."
    )
    assert caught.value.code == "daily_cost_cap"
    assert reserve(ivo, usd="0.25", now=NOON)


def test_a_refusal_writes_nothing(ivo):
    with pytest.raises(BudgetExceeded):
        reserve(ivo, 100_001)
    assert (CapDay.objects.count(), Reservation.objects.count()) == (0, 0)


def test_a_user_without_a_cap_row_has_the_defaults(ivo):
    assert reserve(ivo, 100_000, "10.00")
    for tokens, usd in [(1, "0"), (0, "0.000001")]:
        with pytest.raises(BudgetExceeded):
            reserve(ivo, tokens, usd)


def test_a_free_model_works_when_the_money_is_spent_but_not_beyond_the_tokens(ivo):
    set_cap(ivo, tokens=1000, usd="0.05")
    record(attempt(ivo, usd="0.06"), reserve(ivo, 100, "0.05"), close=True)
    assert reserve(ivo, 900, "0")
    with pytest.raises(BudgetExceeded) as caught:
        reserve(ivo, 200, "0")
    assert caught.value.code == "daily_token_cap"


def test_a_changed_cap_holds_at_the_next_call(ivo):
    record(attempt(ivo, usd="2.00"), reserve(ivo, usd="2.00"), close=True)
    UserAICap.objects.update_or_create(user_id=ivo, defaults={"daily_cost_cap_usd": Decimal(1)})
    with pytest.raises(BudgetExceeded):
        reserve(ivo, usd="0.01")
    UserAICap.objects.filter(user_id=ivo).update(daily_cost_cap_usd=Decimal(3))
    assert reserve(ivo, usd="1.00")


@pytest.mark.parametrize(("tokens", "usd"), [(10**30, "0"), (1, "1e30")])
def test_an_absurd_size_is_refused_not_an_error_of_the_database(ivo, tokens, usd):
    with pytest.raises(BudgetExceeded):
        reserve(ivo, tokens, usd)


@pytest.mark.parametrize(("tokens", "usd", "lease_s"), [(-1, "0", 60), (1, "-0.01", 60), (1, "0", 0)])
def test_a_reservation_below_zero_is_a_mistake_of_the_caller(ivo, tokens, usd, lease_s):
    with pytest.raises(ValueError, match="at least 0"):
        reserve(ivo, tokens, usd, lease_s=lease_s)


def test_an_unknown_user_can_not_reserve(transactional_db):
    with pytest.raises(NotFound):
        reserve(987_654)


def test_the_day_is_utc_and_a_new_one_begins_with_the_whole_cap(ivo):
    set_cap(ivo, tokens=1000)
    before, after = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
    reserve(ivo, 1000, now=before)
    with pytest.raises(BudgetExceeded) as caught:
        reserve(ivo, 1, now=before)
    assert caught.value.retry_after == 1
    assert reserve(ivo, 1000, now=after)


def test_a_call_over_midnight_counts_on_the_day_that_admitted_it(ivo):
    held = reserve(ivo, 1000, "1.00", now=datetime(2026, 11, 21, 23, 59, tzinfo=UTC))
    record(attempt(ivo, 500, 0, "0.50"), held, now=datetime(2026, 11, 22, 0, 1, tzinfo=UTC))
    assert counters(ivo, DAY) == (500, Decimal("0.50"), 500, Decimal("0.50"))
    assert not CapDay.objects.filter(day=date(2026, 11, 22)).exists()
    assert only_row().cap_day == DAY
    release(held)  # its lease may have run out by the real clock
    assert_reconciled()


def test_a_clock_that_jumps_back_gives_no_second_allowance(ivo):
    set_cap(ivo, tokens=1000)
    reserve(ivo, 1000, now=NOON)
    with pytest.raises(BudgetExceeded):
        reserve(ivo, 1, now=NOON - timedelta(hours=3))


def test_rows_of_a_deleted_user_can_still_be_written(ivo, django_user_model):
    held = reserve(ivo)
    django_user_model.objects.get(pk=ivo).delete()
    record(attempt(ivo), held)
    assert (only_row().user_id, CapDay.objects.count()) == (ivo, 0)
    assert_reconciled()
