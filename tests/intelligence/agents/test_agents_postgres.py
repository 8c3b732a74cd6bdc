"""Tokens, agents, tools and races once more, on a real PostgreSQL."""

from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import run_again

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already"),
]
HERE = Path(__file__).parent


CHOSEN = "three_processes or waits_for_its_approval or is_exchanged or given_back or two_keys or who_ask_at_once"


def test_agents_hold_on_postgresql_too(tmp_path):
    names = ("tokens", "ops_api", "site_tools", "approval_attacks")
    run_again([HERE / f"test_{name}.py" for name in names], tmp_path, CHOSEN)
