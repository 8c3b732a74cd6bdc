"""What the suite needs to hold against a ledger that refuses to be emptied.

The ledger writes on its own connection, so whatever meets it needs committed rows: use the `transactional_db`
fixture (or TransactionTestCase), never `db`. The flush after such a test deletes rows, which the triggers
refuse: they are lifted for it and put back by the `post_migrate` that the flush sends.
"""

from django.db import connection
from django.test import TransactionTestCase

from providers.ledger import anchor, triggers, writer

_flush = TransactionTestCase._fixture_teardown


def _lift_and_flush(self: TransactionTestCase) -> None:
    writer.shut_down()  # so that no connection of it outlives the test
    triggers.lift(connection)
    _flush(self)
    triggers.install(connection)
    anchor.forget()


def install() -> None:
    TransactionTestCase._fixture_teardown = _lift_and_flush
