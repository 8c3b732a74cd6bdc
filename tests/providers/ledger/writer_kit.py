"""Jobs for a writer of the ledger that leave a line in a table of the test."""

import threading
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from django.db import connection

from providers.exceptions import BudgetExceeded
from providers.ledger.database import Database

TIMEOUT_S = 60


@dataclass
class Note:
    """Adds a row to a table of the test; `before` and `after` run inside the transaction."""

    admits: ClassVar[bool] = True
    words: str
    error: BaseException | None = None
    meet: list[threading.Event] = field(default_factory=list)
    user_id: int | None = 1
    reservation: UUID | None = None

    def run(self, database: Database) -> str:
        if self.meet:
            begun, go_on = self.meet
            begun.set()
            assert go_on.wait(TIMEOUT_S)
        if isinstance(self.error, BudgetExceeded):
            raise self.error
        database.execute("INSERT INTO notes (words) VALUES (%s)", [self.words])
        if self.error is not None:
            raise self.error
        return self.words


def noted() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM notes")
        return [words for (words,) in cursor.fetchall()]
