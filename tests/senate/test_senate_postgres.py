"""The tests of sessions, workers and recovery once more, on a real PostgreSQL."""

from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import run_again

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already"),
]
HERE = Path(__file__).parent


def test_the_senate_holds_on_postgresql_too(tmp_path, migrated):
    run_again([HERE / f"test_{name}.py" for name in ("runner", "recovery", "tasks")], tmp_path, migrated)
