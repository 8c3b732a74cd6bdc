"""A table for jobs of a writer."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from tests.providers.ledger.writer_kit import noted


@pytest.fixture
def notes(transactional_db) -> Iterator[Callable[[], list[str]]]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (words varchar(50))")
    yield lambda: sorted(noted())
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notes")
