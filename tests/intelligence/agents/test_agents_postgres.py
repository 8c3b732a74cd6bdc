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


def test_agents_hold_on_postgresql_too(tmp_path):
    names = ("ops_api", "site_tools")
    run_again([HERE / f"test_{name}.py" for name in names], tmp_path)
