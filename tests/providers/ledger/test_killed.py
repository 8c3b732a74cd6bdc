"""A process that is killed at each single step of a call: nothing is stuck, lost, or paid for twice."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection

from providers import ledger
from providers.ledger import writer
from providers.ledger.database import Database
from providers.ledger.reconcile import reconcile
from providers.models import AIUsageLog, CapDay, Reservation
from providers.runtime.hop import close_all
from tests.providers.ledger.ledger_kit import attempt, set_cap

MOST_STEPS = 60


class Doomed:
    """Counts the steps of this process in the database and kills it, without a word, at one of them."""

    def __init__(self, die_at: int) -> None:
        self.left = die_at
        for name in ("begin", "execute", "commit"):
            setattr(Database, name, self._before(getattr(Database, name)))

    def _before(self, step):
        def counted(database, *args):
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)
            self.left -= 1
            return step(database, *args)

        return counted


async def one_call(user_id: int, call: UUID, told: int) -> None:
    """As the gateway does: reserve, call upstream (a byte on the pipe), record the attempt, then a second one."""
    mark = {"id": str(call), "provider": "openai", "model": "m"}
    held = await ledger.reserve(
        user_id=user_id, operation="chat", session_id="s", tokens=90, usd=Decimal("0.03"), lease_s=60, attempt=mark
    )
    os.write(told, b"c")
    await ledger.extend(held, 90)
    again = {**mark, "id": str(UUID(int=call.int ^ 1))}
    await ledger.record(attempt(user_id, 20, 10, "0.01", id=call), held, then=again)
    os.write(told, b"c")
    await ledger.record(attempt(user_id, 20, 10, "0.01", id=UUID(again["id"]), retry_count=1), held, close=True)


def in_child(user_id: int, die_at: int) -> tuple[bool, int]:
    """(whether it was killed, upstream calls that it made)."""
    writer.shut_down()
    close_all()
    hear, told = os.pipe()
    child = os.fork()
    if not child:
        try:
            Doomed(die_at)
            asyncio.run(one_call(user_id, uuid4(), told))
            writer.shut_down()
        finally:
            os._exit(0)  # none of the parent's clean-up runs here
    os.close(told)
    with os.fdopen(hear, "rb") as pipe:
        calls = len(pipe.read())
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), calls


def test_killed_at_each_step_nothing_is_stuck_and_every_call_has_one_row(transactional_db, django_user_model):
    ivo = django_user_model.objects.create_user("ivo").pk
    set_cap(ivo, 10**9, "1000")
    killed_at, made, step, alive = [], 0, 0, True
    while alive and step < MOST_STEPS:
        was_killed, calls = in_child(ivo, step)
        made, alive = made + calls, was_killed
        killed_at += [step] if was_killed else []
        step += 1
        assert not reconcile().differences, step
        ledger.reap(datetime.now(UTC) + timedelta(seconds=200))
        assert not Reservation.objects.filter(closed_at=None).exists()
        assert not reconcile().differences
        # a reservation that was written stands for a call, also where the process died before it could call
        rows = AIUsageLog.objects.count()
        assert made <= rows <= made + len(killed_at)
    assert killed_at == list(range(len(killed_at)))
    assert len(killed_at) > 15
    day = CapDay.objects.get(user_id=ivo)
    assert (day.reserved_tokens, day.reserved_usd) == (0, 0)
    assert set(AIUsageLog.objects.values_list("usage_source", flat=True)) == {"reported", "unknown"}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="needs no second round")
def test_a_child_that_lives_makes_two_calls_and_two_rows(transactional_db, django_user_model):
    ivo = django_user_model.objects.create_user("ivo").pk
    assert in_child(ivo, 10**6) == (False, 2)
    assert list(AIUsageLog.objects.order_by("number").values_list("retry_count", flat=True)) == [0, 1]
