"""The writer's own connection, and the few ways in which SQLite and PostgreSQL differ.

Statements are written with %s. On SQLite a transaction starts with BEGIN IMMEDIATE and polls for its turn:
SQLite's own waiting backs off up to 100 ms, so beside busy ORM writers the ledger would starve.
On PostgreSQL the site and every user of a batch are locked first, in one order, so two processes can't wait in a
circle and the limits of the whole site are checked against figures that nobody else is changing.
"""

import copy
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from providers.models.ledger import SITE_LOCK

LOCK_WAIT_S = 20.0
LOCK_POLL_S = 0.0005


@lru_cache(maxsize=64)
def _for_sqlite(sql: str) -> str:
    return sql.replace("%s", "?")


def _own_connection() -> BaseDatabaseWrapper:
    """A connection outside Django's pool and per-request life, to the same database."""
    settings = copy.deepcopy(connections["default"].settings_dict)
    settings["OPTIONS"].pop("pool", None)
    settings.update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=False, ATOMIC_REQUESTS=False)
    return load_backend(settings["ENGINE"]).DatabaseWrapper(settings, alias="ledger")


class Database:
    """One transaction at a time, from one thread. `replay` is set while a transaction runs a second time."""

    def __init__(self) -> None:
        self._wrapper: BaseDatabaseWrapper | None = None
        self._cursor: Any = None
        self.is_sqlite = connections["default"].vendor == "sqlite"
        self.replay = False
        self._number: int | None = None
        self.noted: dict[Any, Any] = {}  # what jobs of one transaction share; gone when the next begins
        self.last: list[Callable[[Database], None]] = []  # what is written once for all of them, before the commit
        driver = connections["default"].Database
        self.out_of_order = (OperationalError, InterfaceError, driver.OperationalError, driver.InterfaceError)

    def connect(self) -> None:
        if self._wrapper is None:
            wrapper = _own_connection()
            wrapper.connect()
            self._wrapper = wrapper
            if self.is_sqlite:
                self._cursor = wrapper.connection.cursor()
                self._cursor.execute("PRAGMA busy_timeout = 0")
            else:  # the few statements are prepared once, where Django's own cursor writes values into text
                wrapper.connection.prepare_threshold = 2
                self._cursor = wrapper.Database.Cursor(wrapper.connection)

    def close(self) -> None:
        wrapper, self._wrapper, self._cursor = self._wrapper, None, None
        if wrapper is not None:
            wrapper.close()

    def begin(self) -> None:
        self._number = None
        self.noted, self.last = {}, []
        self.connect()
        if not self.is_sqlite:
            self._cursor.execute("BEGIN")
            return
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                self._cursor.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(LOCK_POLL_S)

    def commit(self) -> None:
        for write in self.last:
            write(self)
        self._cursor.execute("COMMIT")

    def roll_back(self) -> bool:
        """False where the connection is gone; it is then closed, and the next `begin` opens another."""
        if self._wrapper is None:
            return False
        try:
            if not self.is_sqlite or self._wrapper.connection.in_transaction:
                self._cursor.execute("ROLLBACK")
        except self._wrapper.Database.Error:
            self.close()
            return False
        return True

    def execute(self, sql: str, values: Sequence[Any]) -> int:
        """Runs one statement; the number of rows it touched."""
        if self.is_sqlite:
            self._cursor.execute(_for_sqlite(sql), _sqlite_values(values))
        else:
            self._cursor.execute(sql, values)
        return self._cursor.rowcount

    def one(self, sql: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
        self.execute(sql, values)
        return self._cursor.fetchone()

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        self.execute(sql, values)
        return self._cursor.fetchall()

    def next_number(self) -> int:
        """For a new usage row: without a gap and in the order of commits, because every writer of rows holds the
        site's lock (or is SQLite's only one) until its transaction ends. Asked for once per transaction."""
        if self._number is None:
            found = self.one("SELECT COALESCE(MAX(number), 0) FROM providers_aiusagelog", [])
            self._number = found[0] if found else 0
        self._number += 1
        return self._number

    def lock_users(self, user_ids: list[int]) -> None:
        """Holds the site's counters and these users until the transaction ends. SQLite has one writer anyway."""
        if not self.is_sqlite:
            keys = [SITE_LOCK | user_id for user_id in sorted({0, *user_ids})]  # 0: the site, no user's number
            self.rows("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return (error.sqlite_errorcode or 0) & 0xFF == sqlite3.SQLITE_BUSY


# As Django's own columns hold them there.
_TO_SQLITE: dict[type, Callable[[Any], Any]] = {
    UUID: lambda key: key.hex,
    datetime: lambda moment: moment.astimezone(UTC).replace(tzinfo=None).isoformat(" "),
    date: date.isoformat,
}


def _sqlite_values(values: Sequence[Any]) -> list[Any]:
    return [_TO_SQLITE[type(value)](value) if type(value) in _TO_SQLITE else value for value in values]


def as_uuid(value: Any) -> UUID | None:
    """None for what is no UUID."""
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        return None


def as_json(value: Any) -> Any:
    """A JSON column as it comes from a plain cursor: text on SQLite, perhaps parsed on PostgreSQL."""
    return json.loads(value) if isinstance(value, str) else value
