"""The tests of breaker, analyses, what each call reads and agents with their gate once more, on a real PostgreSQL:
SQL, locks and claims. One run for all of them: starting it costs more than the tests.
"""

from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import run_again

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already"),
]
HERE = Path(__file__).parent
AGENTS = HERE.parent / "intelligence/agents"
FILES = (
    HERE / "resilience/test_breaker.py",
    HERE / "conversation/test_analyses.py",
    HERE / "configuration/test_current.py",
    HERE / "access/test_identity.py",
    *(AGENTS / f"test_{name}.py" for name in ("tokens", "gate", "approval_attacks", "site_tools")),
    AGENTS / "runs/test_senate.py",
)
WHICH = (
    "five or bad_probe or twenty or processes or new_key or that_never_came or callers_at or lost_worker or itself"
    " or holds_from_the_next_read or seen_the_same_way or rests_at_once or known_at_once or noted_once"
    " or between_two_entries or same_key_gives or who_ask_at_once or taken_up_once or given_back or two_keys"
    " or is_revoked or with_what_is_left or no_more_than_is_left"
)


def test_breaker_analyses_reads_and_agents_hold_on_postgresql_too(tmp_path, migrated):
    run_again(FILES, tmp_path, migrated, WHICH)
