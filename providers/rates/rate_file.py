"""Counts of rates in one file that all processes of this machine share, for a site without Redis.

A storage of the `limits` library. Its own small SQLite file, not the site's database: a count must not wait for
somebody's transaction, nor be rolled back with it. One hit is one short transaction, so the count is exact.
"""

import fcntl
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from limits.storage import MovingWindowSupport, Storage

WAIT_S = 5.0
KEEP_S = 86_400
_SCHEMA = "CREATE TABLE IF NOT EXISTS hits (id INTEGER PRIMARY KEY, key TEXT NOT NULL, at REAL NOT NULL)"


class FileStorage(Storage, MovingWindowSupport):
    """`shared-file:///path/to/rates.sqlite3`."""

    STORAGE_SCHEME = ["shared-file"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._path = uri.partition("://")[2]
        self._own = threading.local()

    @property
    def base_exceptions(self) -> type[Exception]:
        return sqlite3.Error

    def _file(self) -> sqlite3.Connection:
        """One connection per thread; none is taken along over a fork."""
        if getattr(self._own, "pid", None) != os.getpid():
            file = sqlite3.connect(self._path, timeout=WAIT_S, isolation_level=None)
            with Path(f"{self._path}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # going over to WAL does not wait for others by itself
                file.execute("PRAGMA journal_mode=WAL")
                file.execute(_SCHEMA)
                file.execute("CREATE INDEX IF NOT EXISTS hits_of ON hits (key, at)")
            file.execute("PRAGMA synchronous=OFF")  # a minute's counts may be lost with the machine, not with us
            self._own.file, self._own.pid = file, os.getpid()
        return self._own.file

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        file = self._file()
        file.execute("BEGIN IMMEDIATE")
        try:
            now = time.time()  # inside the lock, so that no later hit has an earlier time
            file.execute("DELETE FROM hits WHERE key = ? AND at <= ?", (key, now - expiry))
            # The clock was set back: they happened by now at the latest, else they'd count until it is that late.
            file.execute("UPDATE hits SET at = ? WHERE key = ? AND at > ?", (now, key, now))
            taken = self._count(file, key)
            if taken + amount > limit:
                return False
            rows = [(key, now)] * amount
            file.executemany("INSERT INTO hits (key, at) VALUES (?, ?)", rows)
            if not taken:  # a quiet moment of this key: what nobody asks for any more goes
                file.execute("DELETE FROM hits WHERE at <= ?", (now - KEEP_S,))
            return True
        finally:
            file.execute("COMMIT")

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = time.time()
        found = "SELECT MIN(at), COUNT(*) FROM hits WHERE key = ? AND at > ?"
        oldest, taken = self._file().execute(found, (key, now - expiry)).fetchone()
        return min(oldest or now, now), taken

    @staticmethod
    def _count(file: sqlite3.Connection, key: str) -> int:
        return file.execute("SELECT COUNT(*) FROM hits WHERE key = ?", (key,)).fetchone()[0]

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        self.acquire_entry(key, 2**31, expiry, amount)
        return self.get(key)

    def get(self, key: str) -> int:
        return self._count(self._file(), key)

    def get_expiry(self, key: str) -> float:
        return time.time()

    def check(self) -> bool:
        self._file().execute("SELECT 1")
        return True

    def reset(self) -> int:
        return self._file().execute("DELETE FROM hits").rowcount

    def clear(self, key: str) -> None:
        self._file().execute("DELETE FROM hits WHERE key = ?", (key,))
