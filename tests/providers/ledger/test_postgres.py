"""The tests of the ledger once more, on a real PostgreSQL."""

from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import run_again

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already"),
]
HERE = Path(__file__).parent


def test_the_ledger_holds_on_postgresql_too(tmp_path, migrated):
    run_again(sorted({*HERE.glob("test_*.py")} - {Path(__file__), HERE / "test_recompute.py"}), tmp_path, migrated)
