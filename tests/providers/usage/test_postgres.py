"""What of the sums is written for each kind of database, once more on a real PostgreSQL."""

from pathlib import Path

import pytest
from django.db import connection

from tests.postgres import run_again

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor == "postgresql", reason="the suite runs on PostgreSQL already"),
]
HERE = Path(__file__).parent
WHICH = (
    "Kathmandu or New_York or left_out or whole_months or rebuild_names or somebody_else or half_way or rare"
    " or seeded_rows or newest_first or sent_again or booked_late or update_makes or money_is"
    " or (are_walked and failed)"
)


def test_sums_pages_of_calls_and_seeding_hold_on_postgresql_too(tmp_path, migrated):
    run_again(
        [HERE / f"test_{name}.py" for name in ("rollup", "rebuild", "totals", "calls", "seed", "advice")],
        tmp_path,
        migrated,
        WHICH,
    )
