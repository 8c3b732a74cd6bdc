"""Caps under real concurrency: threads, processes, and processes that are killed."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from providers import ledger
from providers.models import AIUsageLog, CapDay, Reservation
from tests.providers.ledger.ledger_child import TRUE, WORST, spend
from tests.providers.ledger.ledger_kit import assert_reconciled, counters, set_cap

ROOT = Path(__file__).resolve().parents[3]
CAP = Decimal("1.00")
TIMEOUT_S = 240


@pytest.fixture
def ivo(transactional_db, django_user_model) -> int:
    made = django_user_model.objects.create_user("ivo").pk
    set_cap(made, tokens=10**9, usd=str(CAP))
    return made


class Watch:
    """Looks at the counters all the time: used and reserved together must never pass the cap."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.looks, self.highest = 0, Decimal(0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.01):
            day = CapDay.objects.filter(user_id=self.user_id).first()
            if day is not None:
                self.looks += 1
                self.highest = max(self.highest, day.used_usd + day.reserved_usd)
        connection.close()

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def assert_cap_held_and_used(user_id: int, watch: Watch) -> None:
    used_tokens, used_usd, *reserved = counters(user_id)
    assert watch.looks
    assert watch.highest <= CAP
    assert CAP * 95 / 100 <= used_usd <= CAP
    assert reserved == [0, 0]
    assert used_usd == TRUE * AIUsageLog.objects.count()
    assert_reconciled()


def test_threads_of_one_process_never_pass_the_cap_and_use_it(ivo):
    threads = [threading.Thread(target=lambda: asyncio.run(spend(ivo))) for _ in range(8)]
    with Watch(ivo) as watch:
        [thread.start() for thread in threads]
        [thread.join(TIMEOUT_S) for thread in threads]
    assert_cap_held_and_used(ivo, watch)


def test_four_processes_with_fifty_calls_each_never_pass_the_cap_and_use_it(ivo, start):
    with Watch(ivo) as watch:
        children = [start("spend", ivo) for _ in range(4)]
        told = [json.loads(child.communicate(timeout=TIMEOUT_S)[0]) for child in children]
    assert sum(one["admitted"] for one in told) == AIUsageLog.objects.count() > 90
    assert sum(one["refused"] for one in told) >= 4 * 50
    assert_cap_held_and_used(ivo, watch)


def test_first_calls_of_a_new_user_share_one_allowance(transactional_db, django_user_model, start):
    new = django_user_model.objects.create_user("new").pk
    children = [start("spend", new) for _ in range(2)]
    for child in children:
        child.communicate(timeout=TIMEOUT_S)
    assert counters(new)[1] <= 10
    assert_reconciled()


def test_a_process_killed_after_its_reservation_leaves_an_unknown_row_and_nothing_reserved(ivo, start):
    child = start("hang", ivo)
    reservation = child.stdout.readline().strip()
    child.kill()
    child.wait()
    assert counters(ivo)[2:] == (90, WORST)
    now = datetime.now(UTC)
    assert ledger.reap(now + timedelta(seconds=30)) == 0
    assert ledger.reap(now + timedelta(seconds=61)) == 1
    row = AIUsageLog.objects.get()
    assert (row.usage_source, row.error_code, row.actual_cost_usd) == ("unknown", "lost", WORST)
    assert Reservation.objects.get(pk=reservation).closed_at is not None
    assert counters(ivo) == (90, WORST, 0, 0)
    assert_reconciled()


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_process_killed_in_the_middle_of_many_calls_loses_and_blocks_nothing(ivo, start, rounds):
    set_cap(ivo, tokens=10**9, usd="1000")
    child = start("storm", ivo)
    for _ in range(rounds):
        assert child.stdout.readline() == "round\n"
    child.kill()
    child.wait()
    open_before = Reservation.objects.filter(closed_at=None).count()
    assert ledger.reap(datetime.now(UTC) + timedelta(seconds=61)) == open_before
    assert AIUsageLog.objects.count() >= 20 * rounds
    assert counters(ivo)[2:] == (0, 0)
    assert_reconciled()
