"""The writer: group commit, refusals and bad jobs inside a batch, lost connections, order, end and fork."""

import asyncio
import os
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from django.db import connection

from providers import ledger
from providers.exceptions import BudgetExceeded, LedgerUnavailable
from providers.ledger import writer as writer_module
from providers.ledger.database import Database
from providers.ledger.writer import LARGEST_BATCH, Writer
from tests.providers.ledger.ledger_kit import attempt, reserve
from tests.providers.ledger.writer_kit import TIMEOUT_S, Note, noted


@pytest.fixture
def writer(notes):
    made = Writer()
    yield made
    made.shut_down()


def held_up(writer: Writer) -> tuple[Future[Any], threading.Event]:
    """A job inside its transaction, and what lets it end: all that is submitted meanwhile queues."""
    begun, go_on = threading.Event(), threading.Event()
    future = writer.submit(Note("first", meet=[begun, go_on]))
    assert begun.wait(TIMEOUT_S)
    return future, go_on


def test_jobs_that_queued_during_a_transaction_share_the_next_one(writer, notes):
    _, go_on = held_up(writer)
    waiting = [writer.submit(Note(f"n{number}")) for number in range(50)]
    go_on.set()
    assert [future.result(TIMEOUT_S) for future in waiting] == [f"n{number}" for number in range(50)]
    assert writer.transactions == 2
    assert len(notes()) == 51


def test_a_long_queue_is_written_in_several_transactions(writer, notes):
    _, go_on = held_up(writer)
    waiting = [writer.submit(Note("n")) for _ in range(LARGEST_BATCH + 1)]
    go_on.set()
    for future in waiting:
        future.result(TIMEOUT_S)
    assert writer.transactions == 3


def test_a_waiter_is_answered_only_after_the_commit(writer, notes):
    seen: list[list[str]] = []
    future = writer.submit(Note("n"))
    future.add_done_callback(lambda _: seen.append(_other_connection_sees()))
    future.result(TIMEOUT_S)
    writer.shut_down()
    assert seen == [["n"]]


def _other_connection_sees() -> list[str]:
    database = Database()
    database.connect()
    try:
        return [words for (words,) in database.rows("SELECT words FROM notes", [])]
    finally:
        database.close()


def test_a_refusal_inside_a_batch_leaves_the_others_alone(writer, notes):
    _, go_on = held_up(writer)
    waiting = [writer.submit(Note("a")), writer.submit(Note("b", BudgetExceeded("no"))), writer.submit(Note("c"))]
    go_on.set()
    assert waiting[0].result(TIMEOUT_S) == "a"
    assert waiting[2].result(TIMEOUT_S) == "c"
    with pytest.raises(BudgetExceeded):
        waiting[1].result(TIMEOUT_S)
    assert writer.transactions == 2
    assert notes() == ["a", "c", "first"]


def test_a_bad_job_fails_alone_and_leaves_nothing_behind(writer, notes):
    _, go_on = held_up(writer)
    waiting = [writer.submit(Note("a")), writer.submit(Note("b", KeyError("bug"))), writer.submit(Note("c"))]
    go_on.set()
    assert waiting[0].result(TIMEOUT_S) == "a"
    assert waiting[2].result(TIMEOUT_S) == "c"
    with pytest.raises(KeyError):
        waiting[1].result(TIMEOUT_S)
    assert notes() == ["a", "c", "first"]


def test_bad_sql_fails_alone(writer, notes):
    _, go_on = held_up(writer)
    good, bad = writer.submit(Note("a")), writer.submit(Note(object()))
    go_on.set()
    assert good.result(TIMEOUT_S) == "a"
    with pytest.raises(Exception, match=r".+"):
        bad.result(TIMEOUT_S)
    assert writer.submit(Note("later")).result(TIMEOUT_S) == "later"
    assert "a" in notes()


def test_a_job_that_only_commit_refuses_fails_alone(transactional_db, django_user_model):
    """Foreign keys are checked at COMMIT: the whole batch falls, the good ones are written all the same."""
    ivo = django_user_model.objects.create_user("ivo").pk

    @dataclass
    class Orphan(Note):
        def run(self, database: Database) -> None:
            database.execute(
                "INSERT INTO providers_capday (user_id, day, used_tokens, used_usd, reserved_tokens, reserved_usd)"
                " VALUES (999999, '2026-11-21', 0, 0, 0, 0)",
                [],
            )

    async def both() -> list[Any]:
        bad = asyncio.wrap_future(writer_module.submit(Orphan("x")))
        good = ledger.record(attempt(ivo), "")
        return await asyncio.gather(bad, good, return_exceptions=True)

    bad, good = asyncio.run(both())
    assert isinstance(bad, Exception)
    assert isinstance(good, str)


class Flaky(Database):
    """Loses its connection at the given commits: before they happen, or after (an answer that got lost)."""

    lose_before: ClassVar[set[int]] = set()
    lose_after: ClassVar[set[int]] = set()
    commits = 0

    def commit(self) -> None:
        Flaky.commits += 1
        if Flaky.commits in self.lose_before:
            self._gone()
        super().commit()
        if Flaky.commits in self.lose_after:
            self._gone()

    def _gone(self) -> None:
        self._wrapper.connection.close()
        raise sqlite3.OperationalError("connection lost") if self.is_sqlite else self.out_of_order[2]("lost")


@pytest.fixture
def flaky(monkeypatch):
    monkeypatch.setattr(Flaky, "commits", 0)
    made = Writer(Flaky)
    monkeypatch.setattr(writer_module, "_writer", made)
    yield monkeypatch
    made.shut_down()


@pytest.mark.parametrize("when", ["lose_before", "lose_after"])
def test_a_lost_connection_is_replaced_and_nothing_is_done_twice(transactional_db, django_user_model, flaky, when):
    ivo = django_user_model.objects.create_user("ivo").pk
    flaky.setattr(Flaky, when, {1, 3})
    held = reserve(ivo, 100)
    asyncio.run(ledger.record(attempt(ivo), held))
    from tests.providers.ledger.ledger_kit import assert_reconciled, counters

    assert counters(ivo)[0::2] == (50, 50)
    assert_reconciled()


def test_a_database_that_stays_away_refuses_and_recovers(transactional_db, django_user_model, flaky):
    ivo = django_user_model.objects.create_user("ivo").pk
    flaky.setattr(Flaky, "lose_before", {1, 2, 3, 4})
    with pytest.raises(LedgerUnavailable) as caught:
        reserve(ivo)
    assert (caught.value.http_status, caught.value.retryable) == (503, True)
    flaky.setattr(Flaky, "lose_before", set())
    assert reserve(ivo)


def test_when_the_queue_is_full_new_calls_are_turned_away_but_spend_is_still_booked(writer, notes, monkeypatch):
    monkeypatch.setattr(writer_module, "LONGEST_QUEUE", 2)
    _, go_on = held_up(writer)
    waiting = [writer.submit(Note("n")), writer.submit(Note("n"))]
    with pytest.raises(LedgerUnavailable):
        writer.submit(Note("new call"))

    class Spend(Note):
        admits = False

    waiting.append(writer.submit(Spend("spend")))
    go_on.set()
    for future in waiting:
        future.result(TIMEOUT_S)
    assert notes() == ["first", "n", "n", "spend"]


def test_shutting_down_writes_what_is_queued_and_the_next_job_starts_again(writer, notes):
    _, go_on = held_up(writer)
    waiting = [writer.submit(Note("n")) for _ in range(3)]
    go_on.set()
    writer.shut_down()
    assert all(future.done() for future in waiting)
    assert writer.submit(Note("again")).result(TIMEOUT_S) == "again"


def test_a_batch_runs_as_it_came_on_sqlite_and_by_user_on_postgres(writer, notes):
    _, go_on = held_up(writer)
    order = [writer.submit(Note(f"{user}", user_id=user)) for user in (3, 1, 2)]
    go_on.set()
    [future.result(TIMEOUT_S) for future in order]
    assert noted() == ["first", *("312" if connection.vendor == "sqlite" else "123")]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a child must not touch a parent's server connection")
def test_a_forked_child_writes_with_a_writer_of_its_own(transactional_db, django_user_model):
    ivo = django_user_model.objects.create_user("ivo").pk
    reserve(ivo)  # the parent's writer runs
    connection.close()
    child = os.fork()
    if child == 0:
        done = 1
        try:
            reserve(ivo)
            done = 0
        finally:
            os._exit(done)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    reserve(ivo)
    from providers.models import Reservation

    assert Reservation.objects.count() == 3
