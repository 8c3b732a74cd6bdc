"""One writer thread per process with group commit.

Jobs that queue while a transaction runs share the next one; each waiter is answered after its COMMIT.
A job refuses by raising an `AIServiceError` before it writes (but for the count of refusals), which touches no
other job. Any other error rolls the batch back, and its jobs run again one by one, so that a bad one fails alone.
After a lost connection the batch is replayed once: jobs carry their keys, so what was committed already is not
done twice.
"""

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from providers.exceptions import AIServiceError, LedgerUnavailable
from providers.ledger.database import Database

logger = logging.getLogger(__name__)
LARGEST_BATCH = 256
LONGEST_QUEUE = 5_000
DRAIN_S = 10.0
CROWDED = "The ledger has more writes waiting than it can take. Try again shortly."
NO_THREAD = "This process has no memory or thread left to write the ledger. Try again shortly."
NO_WRITES = "The ledger's database takes no writes now. Try again shortly."


def end_process() -> None:
    """What was spent can't be booked by this process any more. It ends at once, as by kill -9: whoever goes on
    with its work, or the reaper, books that. If it lived, it would store that its calls have ended."""
    try:
        logger.critical(NO_THREAD)
    finally:  # even where there is no memory for a line
        os._exit(70)


class Job(Protocol):
    """`user_id` None: found by the reservation. `admits`: may be turned away when the queue is full."""

    user_id: int | None
    reservation: UUID | None
    admits: bool

    def run(self, database: Database) -> Any: ...


@dataclass(slots=True)
class _Ticket:
    job: Job
    future: Future[Any] = field(default_factory=Future)
    outcome: Any = None
    error: BaseException | None = None


class Writer:
    def __init__(self, make_database: Callable[[], Database] = Database) -> None:
        self._make_database = make_database
        self._tickets: deque[_Ticket] = deque()
        self._serving: list[_Ticket] = []
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.transactions = 0

    def submit(self, job: Job) -> Future[Any]:
        """Queues a job; its result, refusal or error comes after the commit. Never blocks."""
        ticket = _Ticket(job)
        with self._change:
            if job.admits and len(self._tickets) >= LONGEST_QUEUE:
                raise LedgerUnavailable(CROWDED, retry_after=5)
            if self._thread is None:
                self._start(job)
            self._tickets.append(ticket)
            self._change.notify()
        return ticket.future

    def _start(self, job: Job) -> None:
        self._closing = False
        thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            if not job.admits:
                end_process()
            raise LedgerUnavailable(NO_THREAD, retry_after=5) from error
        self._thread = thread

    def shut_down(self) -> None:
        """Writes what is queued, then ends the thread and its connection. The next job starts a new one."""
        with self._change:
            thread, self._closing = self._thread, True
            self._change.notify()
        if thread is not None:
            thread.join(DRAIN_S)

    def _work(self) -> None:
        try:
            database = self._make_database()
            try:
                while batch := self._next_batch():
                    self._serve(database, batch)
            finally:
                database.close()
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """The thread ends over what it could not even hand to them, as where there is no memory left: nobody waits
        for it for good, and the next job starts another. What was committed is found by its key."""
        with self._change:
            left, self._thread = [*self._serving, *self._tickets], None
            self._tickets.clear()
        if any(not ticket.job.admits for ticket in left):
            end_process()
        for ticket in left:
            if not ticket.future.done():
                ticket.future.set_exception(LedgerUnavailable(NO_THREAD, retry_after=5))

    def _next_batch(self) -> list[_Ticket]:
        """Waits for work; empty when the writer is to end."""
        with self._change:
            while not self._tickets and not self._closing:
                self._change.wait()
            taken = [self._tickets.popleft() for _ in range(min(len(self._tickets), LARGEST_BATCH))]
            if not taken:
                self._thread = None
            self._serving = taken
        return taken

    def _serve(self, database: Database, batch: list[_Ticket]) -> None:
        batch = [ticket for ticket in batch if ticket.future.set_running_or_notify_cancel()]
        if not batch:
            return
        try:
            self._transact(database, batch, replay=False)
        except Exception as error:  # whatever it is, it is handed to the waiters, never lost
            self._again(database, batch, error)
        for ticket in batch:
            if ticket.error is not None:
                ticket.future.set_exception(ticket.error)
            else:
                ticket.future.set_result(ticket.outcome)

    def _transact(self, database: Database, batch: list[_Ticket], *, replay: bool) -> None:
        database.replay = replay
        database.begin()
        for ticket in _in_order(database, batch):
            ticket.outcome = ticket.error = None
            try:
                ticket.outcome = ticket.job.run(database)
            except AIServiceError as refusal:
                ticket.error = refusal
        database.commit()
        self.transactions += 1

    def _again(self, database: Database, batch: list[_Ticket], error: Exception) -> None:
        """After a failed transaction: once more as a whole on a new connection, or one by one."""
        logger.warning("ledger transaction of %d jobs failed: %.300s", len(batch), error)
        alive = database.roll_back()
        try:
            if not alive:
                self._transact(database, batch, replay=True)
                return
        except Exception as second:
            error = second
            if not database.roll_back():  # still no connection: nothing to try one by one
                _fail(database, batch, second)
                return
        if len(batch) == 1 and not alive:
            _fail(database, batch, error)
            return
        for ticket in batch:
            try:
                self._transact(database, [ticket], replay=True)
            except Exception as own:
                database.roll_back()
                _fail(database, [ticket], own)


def _fail(database: Database, batch: list[_Ticket], error: Exception) -> None:
    for ticket in batch:
        ticket.error = error
        if isinstance(error, database.out_of_order):
            ticket.error = LedgerUnavailable(NO_WRITES, retry_after=5)
            ticket.error.__cause__ = error


def _in_order(database: Database, batch: list[_Ticket]) -> list[_Ticket]:
    """By user, each user's jobs in the order in which they came; users locked. As they came on SQLite."""
    if database.is_sqlite:
        return batch
    users = {ticket.job.reservation: ticket.job.user_id for ticket in batch if ticket.job.user_id}
    unknown = [t.job.reservation for t in batch if not t.job.user_id and t.job.reservation not in users]
    if unknown:
        found = "SELECT id, user_id FROM providers_reservation WHERE id = ANY(%s)"
        users.update(dict(database.rows(found, [unknown])))
    keyed = [(ticket.job.user_id or users.get(ticket.job.reservation) or 0, ticket) for ticket in batch]
    database.lock_users([user_id for user_id, _ in keyed])
    return [ticket for _, ticket in sorted(keyed, key=lambda pair: pair[0])]


_writer = Writer()
_left_behind: list[Writer] = []  # a parent's connection must not be closed by its child


def submit(job: Job) -> Future[Any]:
    """Queues a job with this process's writer."""
    return _writer.submit(job)


def shut_down() -> None:
    _writer.shut_down()


def _start_afresh() -> None:
    global _writer
    _left_behind.append(_writer)
    _writer = Writer()


atexit.register(shut_down)
os.register_at_fork(after_in_child=_start_afresh)
