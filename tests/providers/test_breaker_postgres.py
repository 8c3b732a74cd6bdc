"""The tests of breaker, analyses and what each call reads once more, on a real PostgreSQL: SQL and claims."""

from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import run_again

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already"),
]
HERE = Path(__file__).parent
FILES = ("test_breaker.py", "test_analyses.py", "test_current.py", "test_identity.py")
WHICH = (
    "five or bad_probe or twenty or processes or new_key or that_never_came or callers_at or lost_worker or itself"
    " or holds_from_the_next_read or seen_the_same_way or rests_at_once or known_at_once or noted_once"
)


def test_breaker_analyses_and_reads_hold_on_postgresql_too(tmp_path):
    run_again([HERE / name for name in FILES], tmp_path, WHICH)
