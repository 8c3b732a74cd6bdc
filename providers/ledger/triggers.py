"""Usage rows never change: the database itself refuses, whoever asks and by whatever way.

Installed after every `migrate`, because on SQLite a change of the table rebuilds it and drops its triggers without
a word. A migration never installs them itself: it would do so in today's words on the table of its own day.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "providers_aiusagelog"
WORDS = "usage rows can not be changed or deleted"

# The last one: INSERT OR REPLACE deletes the old row without firing its DELETE trigger, by any key or rowid.
_SQLITE = {
    "usage_no_update": f"BEFORE UPDATE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    "usage_no_delete": f"BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    "usage_no_replace": f"""BEFORE INSERT ON {TABLE}
        WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR number = NEW.number OR rowid = NEW.rowid)
        BEGIN SELECT RAISE(ABORT, '{WORDS}'); END""",  # noqa: S608  (constants)
}
_POSTGRES = {
    "usage_no_change": f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW",
    "usage_no_truncate": f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT",
}
_REFUSE = f"""CREATE OR REPLACE FUNCTION providers_usage_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"""


def _wanted(connection: BaseDatabaseWrapper) -> dict[str, str]:
    return _SQLITE if connection.vendor == "sqlite" else _POSTGRES


def _installed(connection: BaseDatabaseWrapper) -> set[str]:
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query, [TABLE])
        return {name for (name,) in cursor.fetchall()}


def install(connection: BaseDatabaseWrapper) -> None:
    """Puts every trigger in place that is not; nothing where the table does not exist (yet)."""
    if TABLE not in connection.introspection.table_names():
        return
    missing = {name: body for name, body in _wanted(connection).items() if name not in _installed(connection)}
    with connection.cursor() as cursor:
        if missing and connection.vendor != "sqlite":
            cursor.execute(_REFUSE)
        for name, body in missing.items():
            end = "" if connection.vendor == "sqlite" else " EXECUTE FUNCTION providers_usage_refuse()"
            cursor.execute(f"CREATE TRIGGER {name} {body}{end}")


def lift(connection: BaseDatabaseWrapper) -> None:
    """Takes the triggers away, for a migration that must rebuild the table (and for the flush of tests)."""
    _drop(connection, _installed(connection) & _wanted(connection).keys())


def _drop(connection: BaseDatabaseWrapper, names: Iterable[str]) -> None:
    where = "" if connection.vendor == "sqlite" else f" ON {TABLE}"
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TRIGGER {name}{where}")


def triggers_present(using: str = "default") -> bool:
    """Whether the database refuses changes of usage rows now (for /readyz and the verification)."""
    connection = connections[using]
    return _wanted(connection).keys() <= _installed(connection)


def reinstall(using: str = "default", **signal: Any) -> None:
    """Receiver of `post_migrate`."""
    install(connections[using])
