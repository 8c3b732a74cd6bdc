"""What the suite needs to hold against a ledger that refuses to be emptied.

The ledger writes on its own connection, so whatever meets it needs committed rows: use the `transactional_db`
fixture (or TransactionTestCase), never `db`. Django's flush after such a test would be refused by the triggers; it
also truncates every table and makes content types and permissions anew, which takes longer than most tests.
"""

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

from providers.ledger import anchor, triggers, writer

KEPT = {"django_content_type", "auth_permission"}  # the same after every test; nobody else holds them


def _empty(self: TransactionTestCase) -> None:
    """Deletes all rows; the triggers are lifted where they would refuse, and whole again afterwards."""
    writer.shut_down()  # so that no connection of it outlives the test
    names = [name for name in connection.introspection.django_table_names() if name not in KEPT]
    filled = _filled(names)
    guarded = {one.table for one in triggers.GUARDED} & filled
    if guarded:
        triggers.lift(connection)
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are looked at when it ends
        for name in filled:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")
    triggers.install(connection)  # also those that the test itself took away
    anchor.forget()


def _filled(names: list[str]) -> set[str]:
    """The tables that hold a row, in one query."""
    looks = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})" for name in names]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(looks))
        return {row[0] for row in cursor.fetchall()}


_list_files = WhiteNoiseMiddleware.add_files_from_finders
_files: dict[str, Any] = {}


def _listed_once(self: WhiteNoiseMiddleware) -> None:
    """Each test's client makes its middleware anew; listing all static files takes longer than many a request."""
    if not _files:
        _list_files(self)
        _files.update(self.files)
    self.files.update(_files)


def install() -> None:
    TransactionTestCase._fixture_teardown = _empty
    WhiteNoiseMiddleware.add_files_from_finders = _listed_once
