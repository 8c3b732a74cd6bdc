"""The tests of sessions, workers and recovery once more, on a real PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import server

ROOT = Path(__file__).resolve().parents[2]
FILES = ("test_runner.py", "test_recovery.py", "test_tasks.py")
TIMEOUT_S = 600


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already")
def test_the_senate_holds_on_postgresql_too(tmp_path):
    files = [str(Path(__file__).parent / name) for name in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files]
    try:
        with server() as url:
            environment = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATA_DIR": str(tmp_path)}
            ran = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
            )
    except LookupError as error:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
