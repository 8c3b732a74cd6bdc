"""Usage rows, audit entries and seals never change: the database itself refuses, whoever asks and by whatever way.

Installed after every `migrate`, because on SQLite a change of the table rebuilds it and drops its triggers without
a word. A migration never installs them itself: it would do so in today's words on the table of its own day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Guarded:
    """`keys`: what is unique, as SQL over NEW: INSERT OR REPLACE deletes the old row of such a key without firing
    its DELETE trigger."""

    table: str
    prefix: str
    words: str
    keys: str

    def sqlite(self) -> dict[str, str]:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{self.words} can not be changed or deleted'); END"
        taken = f"EXISTS (SELECT 1 FROM {self.table} WHERE {self.keys} OR rowid = NEW.rowid)"  # noqa: S608
        return {
            f"{self.prefix}_no_update": f"BEFORE UPDATE ON {self.table} {refuse}",
            f"{self.prefix}_no_delete": f"BEFORE DELETE ON {self.table} {refuse}",
            f"{self.prefix}_no_replace": f"BEFORE INSERT ON {self.table} WHEN {taken} {refuse}",
        }

    def postgres(self) -> dict[str, str]:
        refuse = f"EXECUTE FUNCTION {FUNCTION}('{self.words}')"
        return {
            f"{self.prefix}_no_change": f"BEFORE UPDATE OR DELETE ON {self.table} FOR EACH ROW {refuse}",
            f"{self.prefix}_no_truncate": f"BEFORE TRUNCATE ON {self.table} FOR EACH STATEMENT {refuse}",
        }


FUNCTION = "providers_forever_refuse"
GUARDED = (
    Guarded("providers_aiusagelog", "usage", "usage rows", "id = NEW.id OR number = NEW.number"),
    Guarded("providers_auditentry", "audit", "audit entries", "number = NEW.number"),
    Guarded("providers_seal", "seal", "seals", "id = NEW.id OR (chain = NEW.chain AND number = NEW.number)"),
)
_BODY = """ BEGIN RAISE EXCEPTION '% can not be changed or deleted', TG_ARGV[0]
    USING ERRCODE = 'integrity_constraint_violation'; END """
_REFUSE = f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$"


def _wanted(connection: BaseDatabaseWrapper, guarded: Guarded) -> dict[str, str]:
    """Name -> the trigger's definition."""
    return guarded.sqlite() if connection.vendor == "sqlite" else guarded.postgres()


def _installed(connection: BaseDatabaseWrapper, guarded: Guarded) -> dict[str, bool]:
    """Name -> whether it is in force and says what it must."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
            cursor.execute(query, [guarded.table])
            wanted = guarded.sqlite()
            return {name: sql == f"CREATE TRIGGER {name} {wanted.get(name)}" for name, sql in cursor.fetchall()}
        cursor.execute(
            "SELECT t.tgname, t.tgenabled IN ('O', 'A') AND p.prosrc = %s FROM pg_trigger t "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = to_regclass(%s) AND NOT t.tgisinternal",
            [_BODY, guarded.table],
        )
        return dict(cursor.fetchall())


def install(connection: BaseDatabaseWrapper) -> None:
    """Puts every trigger in place that is not there or not whole; nothing where the table doesn't exist (yet)."""
    tables = set(connection.introspection.table_names())
    for guarded in GUARDED:
        if guarded.table not in tables:
            continue
        there = _installed(connection, guarded)
        bad = {name: body for name, body in _wanted(connection, guarded).items() if not there.get(name)}
        if bad and connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(_REFUSE)
        _drop(connection, guarded, bad.keys() & there.keys())
        with connection.cursor() as cursor:
            for name, body in bad.items():
                cursor.execute(f"CREATE TRIGGER {name} {body}")


def lift(connection: BaseDatabaseWrapper) -> None:
    """Takes the triggers away, for a migration that must rebuild a table (and for the flush of tests)."""
    for guarded in GUARDED:
        _drop(connection, guarded, _installed(connection, guarded).keys() & _wanted(connection, guarded).keys())


def _drop(connection: BaseDatabaseWrapper, guarded: Guarded, names: Iterable[str]) -> None:
    where = "" if connection.vendor == "sqlite" else f" ON {guarded.table}"
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TRIGGER {name}{where}")


def missing(using: str = "default") -> list[str]:
    """Names of triggers that are not there, or switched off, or changed."""
    connection = connections[using]
    return [
        name
        for guarded in GUARDED
        for there in [_installed(connection, guarded)]
        for name in _wanted(connection, guarded)
        if not there.get(name)
    ]


def triggers_present(using: str = "default") -> bool:
    """Whether the database refuses changes of these rows now (for /readyz and the verification)."""
    return not missing(using)


def reinstall(using: str = "default", **signal: Any) -> None:
    """Receiver of `post_migrate`."""
    install(connections[using])
