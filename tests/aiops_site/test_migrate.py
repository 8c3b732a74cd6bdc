"""Migrating beside a running site: who waits for a lock holds up nobody else (real PostgreSQL)."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.aiops_site.running import ROOT, environment, until

pytestmark = pytest.mark.postgres
TABLE, BACK = "aiops_site_signedin", "aiops_site zero"  # whose only migration is undone: its table is dropped
CHILD = """
import sys, django
django.setup()
from django.core.management import CommandError, call_command
from django.db import connection
from aiops_site.management.commands import migrate
migrate.WAIT_S, migrate.PAUSE_S = 0.5, 0.1
for line in sys.stdin:
    migrate.TRIES, *words = line.split()
    migrate.TRIES = int(migrate.TRIES)
    try:
        call_command("migrate", *words, verbosity=0, stdout=sys.stdout)
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            print("done", cursor.fetchone()[0], flush=True)
    except CommandError as error:
        print("refused", error, flush=True)
"""


@pytest.fixture
def database(migrated) -> Iterator[str]:
    with postgres.server(migrated) as url:
        yield url


@contextmanager
def migrating(database: str, data: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that runs `migrate` with the words of each line, in at most so many tries."""
    env = environment(data, DATABASE_URL=database, DJANGO_SETTINGS_MODULE="aiops_site.settings")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    child = subprocess.Popen([sys.executable, "-c", CHILD], cwd=ROOT, env=env, **pipes)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def told(child: "subprocess.Popen[str]", line: str) -> None:
    child.stdin.write(f"{line}\n")
    child.stdin.flush()


def test_a_migration_that_waits_for_a_lock_lets_others_through_and_goes_on_when_it_is_free(database, tmp_path):
    url = database.replace("postgres://", "postgresql://")
    with (
        psycopg.connect(url) as holder,
        psycopg.connect(url, autocommit=True) as other,
        migrating(database, tmp_path) as child,
    ):
        holder.execute(f"SELECT count(*) FROM {TABLE}")  # and its transaction stays open
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
        other.execute("SET statement_timeout = '30s'")

        told(child, f"2 {BACK}")
        until(lambda: other.execute(waiting).fetchone(), "a migration that waits")
        assert other.execute(f"SELECT count(*) FROM {TABLE}").fetchone() == (0,)  # stood behind it, and went on
        assert "Others hold a lock" in child.stdout.readline()
        refused = child.stdout.readline()
        assert refused.startswith(
            "refused A migration waited 2 times 0.5 s for a lock that others hold, and changed"
        )
        assert f"process {holder.info.backend_pid} (idle in transaction" in refused
        assert other.execute(f"SELECT to_regclass('{TABLE}') IS NOT NULL").fetchone() == (True,)

        told(child, f"1000 {BACK}")
        assert "Others hold a lock" in child.stdout.readline()
        holder.rollback()
        said = until(lambda: next((line for line in child.stdout if "Others hold" not in line), ""), "its end")
        assert said == "done 0\n", "and the limit is taken back"
        assert other.execute(f"SELECT to_regclass('{TABLE}') IS NULL").fetchone() == (True,)
