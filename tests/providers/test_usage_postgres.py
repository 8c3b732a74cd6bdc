"""What of the sums is written for each kind of database, once more on a real PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import server

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = (
    "Kathmandu or New_York or left_out or whole_months or rebuild_names or somebody_else or half_way or rare"
    " or seeded_rows or newest_first or sent_again"
)
TIMEOUT_S = 300


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already")
def test_sums_pages_of_calls_and_seeding_hold_on_postgresql_too(tmp_path):
    names = ("rollup", "calls", "seed", "advice")
    files = [str(Path(__file__).with_name(f"test_usage_{name}.py")) for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", CHOSEN, *files]
    try:
        with server() as url:
            environment = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATA_DIR": str(tmp_path)}
            ran = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
            )
    except LookupError as error:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
