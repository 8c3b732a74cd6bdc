"""The tests of breaker, analyses and what each call reads once more, on a real PostgreSQL: SQL and claims."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import server

ROOT = Path(__file__).resolve().parents[2]
FILES = ("test_breaker.py", "test_analyses.py", "test_current.py", "test_identity.py")
WHICH = (
    "five or bad_probe or twenty or processes or new_key or that_never_came or callers_at or lost_worker or itself"
    " or holds_from_the_next_read or seen_the_same_way or rests_at_once or known_at_once or noted_once"
)
TIMEOUT_S = 600


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already")
def test_breaker_analyses_and_reads_hold_on_postgresql_too(tmp_path):
    files = [str(Path(__file__).parent / name) for name in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", WHICH, *files]
    try:
        with server() as url:
            environment = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATA_DIR": str(tmp_path)}
            ran = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
            )
    except LookupError as error:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
