"""What the suite needs to hold against a ledger that refuses to be emptied.

The ledger writes on its own connection, so whatever meets it needs committed rows: use the `transactional_db`
fixture (or TransactionTestCase), never `db`. Django's flush after such a test would be refused by the triggers; it
also truncates every table and makes content types and permissions anew, which takes longer than most tests.
"""

from django.db import connection, transaction
from django.test import TransactionTestCase

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


def install() -> None:
    TransactionTestCase._fixture_teardown = _empty
