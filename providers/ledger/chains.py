"""The chains there are, and how a row becomes the one line that is hashed.

The database makes the line (JSON on SQLite, a row's text on PostgreSQL): twice as fast as in Python, and every
value is there to the last byte. So a chain belongs to the kind of database in which it was sealed.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from django.db import DatabaseError, connection, models

from providers.ledger.anchor import Broken
from providers.models import AIUsageLog, AuditEntry
from providers.models.forever import Forever


@dataclass(frozen=True, slots=True)
class Chain:
    """`layouts`: version -> the columns that are hashed, for good. A new column needs a new version."""

    name: str
    model: type[Forever]
    layouts: dict[int, tuple[str, ...]]
    row: str  # what one is called

    @property
    def layout(self) -> int:
        """The version that new seals use."""
        return max(self.layouts)


USAGE = Chain("usage", AIUsageLog, {1: (*AIUsageLog.SIGNED, "rates", "metadata", "signature")}, "usage row")
AUDIT = Chain("audit", AuditEntry, {1: (*AuditEntry.SIGNED, "signature")}, "audit entry")
CHAINS = {chain.name: chain for chain in (USAGE, AUDIT)}
Lines = list[tuple[int, str]]


@lru_cache(maxsize=16)
def _query(chain: str, layout: int, vendor: str) -> str:
    model = CHAINS[chain].model
    names = CHAINS[chain].layouts[layout]
    if vendor == "sqlite":
        line = f"json_array({', '.join(names)})"
    else:
        line = f"ROW({', '.join(_in_postgres(model, name) for name in names)})::text"
    table = model._meta.db_table
    return f"SELECT number, {line} FROM {table} WHERE number > %s AND number <= %s ORDER BY number"  # noqa: S608


def _in_postgres(model: type[models.Model], name: str) -> str:
    """A column in words that no setting of the session changes."""
    field = next(field for field in model._meta.concrete_fields if field.attname == name)
    if isinstance(field, models.DateTimeField):
        return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    if isinstance(field, models.DateField):
        return f"to_char({name}, 'YYYY-MM-DD')"
    return name


def lines(chain: Chain, layout: int, after: int, to: int) -> Lines:
    """(number, line) of the rows after `after` up to `to`. Errors: Broken for a row that no column could hold."""
    query = _query(chain.name, layout, connection.vendor)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, [after, to])
            return cursor.fetchall()
    except DatabaseError:
        if connection.vendor != "sqlite" or after + 1 >= to:
            raise Broken(f"{chain.row} {to} can't be read", to) from None
    middle = (after + to) // 2  # a value that has no place in its column (a blob): which row?
    return lines(chain, layout, after, middle) + lines(chain, layout, middle, to)


def check_numbers(chain: Chain, found: Lines, first: int, last: int) -> None:
    """Raises Broken where the rows are not exactly `first` to `last`."""
    numbers = [number for number, _ in found]
    if numbers == list(range(first, last + 1)):
        return
    expected = first
    for number in numbers:
        if number != expected:
            break
        expected += 1
    twice = [a for a, b in pairwise(numbers) if a == b and a < expected]
    if twice:
        raise Broken(f"{chain.row} {twice[0]} is there twice", twice[0])
    raise Broken(f"{chain.row} {expected} is missing", expected)
