"""Rows that are written once, numbered without a gap, signed, and never changed: usage rows and audit entries."""

from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, NoReturn

from django.db import connections, models, transaction

from providers.trail.signature import sign_row


class Immutable(TypeError):
    """Raised by any attempt to change or delete a row that stands for good."""


def hold_numbers(lock: int, using: str = "default") -> None:
    """From here to the end of the transaction nobody else numbers a row. SQLite has one writer anyway."""
    if connections[using].vendor != "sqlite":
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])


class AppendOnly(models.QuerySet):
    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Writes rows, numbered after the last in the order given, and signed."""
        rows = list(objs)
        with transaction.atomic(using=self.db, savepoint=False):
            hold_numbers(self.model.LOCK, self.db)
            for number, row in enumerate(rows, self._last() + 1):
                row.number = number
                row.signature = sign_row(self.model.SIGNED, row.plain())
            return super().bulk_create(rows, *args, **kwargs)

    def _last(self) -> int:
        """The number of the newest row, 0 where there is none; by hand, for it is asked at every write."""
        with connections[self.db].cursor() as cursor:
            cursor.execute(f"SELECT MAX(number) FROM {self.model._meta.db_table}")  # noqa: S608  (our own table)
            return cursor.fetchone()[0] or 0

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Immutable("These rows can't be changed or deleted.")

    update = delete = bulk_update = update_or_create = _raw_delete = _refuse


@cache
def _fields(model: type["Forever"]) -> list[tuple[str, models.Field]]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return [(name, fields[name]) for name in model.SIGNED]


class Forever(models.Model):
    """`number` counts from 1, `signature` covers the columns `SIGNED`, `LOCK` is PostgreSQL's for the numbers."""

    LOCK: ClassVar[int]
    SIGNED: ClassVar[list[str]]

    objects = AppendOnly.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Immutable("These rows are written once and never change.")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Immutable("These rows can't be deleted.")

    def plain(self) -> dict[str, Any]:
        """Column -> value as it will be read again."""
        return {name: field.to_python(getattr(self, name)) for name, field in _fields(type(self))}
