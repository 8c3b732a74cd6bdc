"""`manage.py migrate` beside a running site: on PostgreSQL nobody stands behind it in a queue for long.

A statement that waits for a lock stands in that table's queue, and every later query of the table behind it, also
those that only read. So each wait has a limit. Then the migration is undone, the queue goes on, and it is tried
again: what was applied before stays applied.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

WAIT_S, PAUSE_S, TRIES = 3.0, 2.0, 20  # half of what calls may wait at most; 100 s in all
LOCK_NOT_AVAILABLE = "55P03"
OLDEST = """SELECT pid, state, date_trunc('second', now() - xact_start)::text FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT 1"""


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        for left in reversed(range(TRIES)):
            try:
                with short_waits(connection):
                    super().handle(*args, **options)
                return
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                    raise
            if left:
                self.stdout.write(f"Others hold a lock that a migration needs; again in {PAUSE_S:g} s.")
                self.stdout.flush()
                time.sleep(PAUSE_S)
        raise CommandError(
            f"A migration waited {TRIES} times {WAIT_S:g} s for a lock that others hold, and was not applied."
            f"{oldest(connection)} End it, or wait for its end, and migrate again."
        )


@contextmanager
def short_waits(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """The limit of a wait is this connection's, which goes back into a pool: it is taken back at the end."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(WAIT_S * 1000)}")
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # a connection that broke has no limit left
            cursor.execute("RESET lock_timeout")


def oldest(connection: BaseDatabaseWrapper) -> str:
    """A sentence on who has a transaction open for longest: in most cases who holds the lock."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        found = cursor.fetchone()
    if not found:
        return ""
    pid, state, age = found
    return f" The oldest open transaction is that of the database's process {pid} ({state}, for {age})."
