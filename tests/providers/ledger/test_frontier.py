"""Usage rows have numbers without a gap, and what is up to the frontier stands for good."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from providers.ledger.frontier import stable_frontier
from providers.models import AIUsageLog
from tests.providers.ledger.ledger_kit import attempt, record, set_cap
from tests.providers.usage.usage_kit import insert, row


@pytest.fixture
def ivo(transactional_db, django_user_model) -> int:
    made = django_user_model.objects.create_user("ivo").pk
    set_cap(made, tokens=10**12, usd="1000000")
    return made


def numbers() -> list[int]:
    return sorted(AIUsageLog.objects.values_list("number", flat=True))


def test_without_rows_the_frontier_is_zero(transactional_db):
    assert stable_frontier() == 0


def test_rows_are_numbered_from_one_whoever_writes_them(ivo):
    record(attempt(ivo), "")
    insert(row(ivo), row(ivo))
    record(attempt(ivo), "")
    assert numbers() == [1, 2, 3, 4]
    assert stable_frontier() == 4


def test_a_row_that_was_rolled_back_leaves_no_gap(ivo):
    with transaction.atomic():
        insert(row(ivo))
        transaction.set_rollback(True)
    record(attempt(ivo), "")
    assert numbers() == [1]


def test_a_number_can_not_be_taken_twice(ivo):
    record(attempt(ivo), "")
    twice = row(ivo)
    twice.number = 1
    with pytest.raises(DatabaseError):
        super(type(AIUsageLog.objects.all()), AIUsageLog.objects.all()).bulk_create([twice])
    assert numbers() == [1]


def test_nothing_appears_below_the_frontier_while_two_processes_and_bulk_imports_write(ivo, start):
    writers = [start("storm", ivo), start("storm", ivo)]
    for writer in writers:
        writer.stdout.readline()  # both are at it
    more = threading.Thread(target=_import_rows, args=(ivo,))
    more.start()
    looks = _look_until(more)
    for writer in writers:
        writer.kill()
        writer.wait()
    assert looks > 5
    assert numbers() == list(range(1, stable_frontier() + 1))


def _import_rows(user_id: int) -> None:
    for _ in range(8):
        insert(*(row(user_id) for _ in range(5)))
    connection.close()


def _look_until(thread: threading.Thread) -> int:
    """At each look all numbers up to the frontier are there; how often it looked."""
    looks = counted = 0
    while thread.is_alive() or looks <= 5:
        frontier = stable_frontier()
        below = AIUsageLog.objects.filter(number__gt=counted, number__lte=frontier).count()
        assert below == frontier - counted
        counted, looks = frontier, looks + 1
    return looks
