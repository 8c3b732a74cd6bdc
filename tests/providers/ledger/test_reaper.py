"""What the reaper frees and books once a lease ran out, and what a cancelled caller leaves."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from providers import ledger
from providers.ledger import writer
from providers.ledger.jobs import Reap
from providers.models import AIUsageLog, Reservation
from providers.runtime.hop import hop
from providers.tasks import reap_reservations
from tests.providers.ledger.ledger_kit import (
    NOON,
    assert_reconciled,
    attempt,
    counters,
    only_row,
    record,
    release,
    reserve,
)
from tests.providers.ledger.test_reservation import CALL, DAY


@pytest.fixture
def ivo(transactional_db, django_user_model) -> int:
    return django_user_model.objects.create_user("ivo").pk


def test_the_reaper_leaves_what_is_still_leased(ivo):
    reserve(ivo, lease_s=60, now=NOON)
    assert ledger.reap(NOON + timedelta(seconds=59)) == 0
    assert counters(ivo, DAY)[2] == 100


def test_an_expired_reservation_of_a_deliberation_is_freed(ivo):
    held = reserve(ivo, 1000, "1.00", lease_s=60, now=NOON)
    record(attempt(ivo), held, now=NOON)
    assert ledger.reap(NOON + timedelta(seconds=60)) == 1
    assert ledger.reap(NOON + timedelta(seconds=60)) == 0
    assert counters(ivo, DAY) == (50, Decimal("0.05"), 0, 0)
    assert AIUsageLog.objects.count() == 1
    assert_reconciled()


def test_an_expired_call_in_flight_gets_an_unknown_row_at_the_reserved_amount(ivo):
    reserve(ivo, 1000, "1.00", lease_s=60, now=NOON, attempt={**CALL, "input_tokens": 300})
    assert ledger.reap(NOON + timedelta(seconds=61)) == 1
    row = only_row()
    assert (row.provider, row.model, row.user_id, row.operation) == ("openai", "gpt-4o-mini", ivo, "chat")
    assert (row.usage_source, row.success, row.error_code, row.price_source) == (
        "unknown",
        False,
        "lost",
        "reserved",
    )
    assert (row.input_tokens, row.output_tokens, row.actual_cost_usd) == (300, 700, 1)
    assert counters(ivo, DAY) == (1000, 1, 0, 0)
    assert_reconciled()


def test_a_call_that_was_booked_is_not_lost_when_its_process_dies_before_the_release(ivo):
    held = reserve(ivo, 1000, "1.00", lease_s=60, now=NOON, attempt=CALL)
    record(attempt(ivo), held, now=NOON)
    ledger.reap(NOON + timedelta(seconds=61))
    assert only_row().usage_source == "reported"
    assert counters(ivo, DAY) == (50, Decimal("0.05"), 0, 0)


def test_a_retry_announced_with_the_row_before_it_is_booked_as_lost(ivo):
    held = reserve(ivo, 1000, "1.00", lease_s=60, now=NOON, attempt=CALL)
    record(attempt(ivo, success=False), held, then={**CALL, "retry_count": 1}, now=NOON)
    ledger.reap(NOON + timedelta(seconds=61))
    row = AIUsageLog.objects.get(usage_source="unknown")
    assert (row.retry_count, row.total_tokens, row.actual_cost_usd) == (1, 950, Decimal("0.95"))
    assert counters(ivo, DAY) == (1000, 1, 0, 0)
    assert_reconciled()


def test_a_call_that_names_its_row_is_booked_once_also_when_it_answers_after_the_reaper(ivo):
    made = attempt(ivo)
    held = reserve(ivo, 1000, "1.00", lease_s=60, now=NOON, attempt={**CALL, "id": str(made.id)})
    ledger.reap(NOON + timedelta(seconds=61))
    assert record(made, held, now=NOON + timedelta(seconds=62)) == str(made.id)
    assert only_row().usage_source == "unknown"
    assert_reconciled()


def test_a_call_that_was_booked_beside_its_reservation_is_freed_and_not_booked_again(ivo):
    made = attempt(ivo)
    reserve(ivo, 1000, "1.00", lease_s=60, now=NOON, attempt={**CALL, "id": str(made.id)})
    record(made, "", now=NOON)
    assert ledger.reap(NOON + timedelta(seconds=61)) == 1
    assert only_row().usage_source == "reported"
    assert counters(ivo, DAY) == (50, Decimal("0.05"), 0, 0)


def test_a_heartbeat_keeps_a_reservation(ivo):
    held = reserve(ivo, lease_s=60, now=NOON)
    assert asyncio.run(ledger.extend(held, 60, now=NOON + timedelta(seconds=50))) is True
    assert ledger.reap(NOON + timedelta(seconds=100)) == 0
    asyncio.run(ledger.extend(held, 1, now=NOON))  # never shortens
    assert ledger.reap(NOON + timedelta(seconds=100)) == 0
    assert ledger.reap(NOON + timedelta(seconds=110)) == 1
    assert asyncio.run(ledger.extend(held, 60)) is False
    assert asyncio.run(ledger.extend("no such thing", 60)) is False


def test_a_heartbeat_that_comes_between_looking_and_reaping_keeps_it_too(ivo):
    held = reserve(ivo, lease_s=60, now=NOON)
    late = NOON + timedelta(seconds=61)
    asyncio.run(ledger.extend(held, 60, now=NOON + timedelta(seconds=30)))
    assert writer.submit(Reap(UUID(held), late)).result(60) is False
    assert counters(ivo, DAY)[2] == 100


def test_closed_reservations_are_forgotten_after_two_days(ivo):
    held, kept = reserve(ivo), reserve(ivo)
    release(held)
    ledger.reap(datetime.now(UTC) + timedelta(days=1))
    assert Reservation.objects.count() == 2
    ledger.reap(datetime.now(UTC) + timedelta(days=2, minutes=1))
    assert [str(key) for key in Reservation.objects.values_list("id", flat=True)] == [kept]


def test_the_task_reaps(ivo):
    reserve(ivo, lease_s=1, now=NOON - timedelta(days=1))
    assert reap_reservations() == 1


def test_a_reservation_whose_caller_was_cancelled_is_freed_and_never_booked_as_lost(ivo):
    async def give_up() -> None:
        asked = asyncio.ensure_future(
            ledger.reserve(
                user_id=ivo, operation="chat", session_id="", tokens=9, usd=Decimal(1), lease_s=9, attempt=CALL
            )
        )
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await ledger.release(str(uuid4()))  # whatever was queued before is committed now

    asyncio.run(give_up())
    ledger.reap(datetime.now(UTC) + timedelta(hours=1))
    assert counters(ivo)[2:] == (0, 0)
    assert not AIUsageLog.objects.exists()


def test_a_row_is_written_although_its_caller_was_cancelled(ivo):
    held = reserve(ivo)

    async def give_up() -> None:
        asked = asyncio.ensure_future(ledger.record(attempt(ivo), held))
        for _ in range(2):
            await asyncio.sleep(0)
            asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await hop(AIUsageLog.objects.exists), "who was cancelled goes only after the commit"
        await ledger.release(held)

    asyncio.run(give_up())
    assert only_row().total_tokens == 50
    assert_reconciled()
