"""Migrating beside a running site: who waits for a lock holds up nobody else (real PostgreSQL)."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.aiops_site.running import ROOT, environment, until

pytestmark = pytest.mark.postgres
TABLE, BACK = "aiops_site_signedin", "aiops_site zero"  # whose only migration is undone: its table is dropped
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
CHILD = """
import sys, django
django.setup()
from django.core.management import CommandError, call_command
from django.db import connection
from aiops_site.management.commands import migrate
migrate.PAUSE_S = 0.1
for line in sys.stdin:
    tries, wait, *words = line.split()
    migrate.TRIES, migrate.WAIT_S = int(tries), float(wait)
    try:
        call_command("migrate", *words, verbosity=0, stdout=sys.stdout)
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            print("done", cursor.fetchone()[0], flush=True)
    except CommandError as error:
        print("refused", error, flush=True)
"""


@pytest.fixture(scope="module")
def database(migrated) -> Iterator[str]:
    with postgres.server(migrated) as url:
        yield url


@contextmanager
def migrating(database: str, data: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that runs `migrate` for each line: how many tries, of how many seconds, its words."""
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
        other.execute("SET statement_timeout = '30s'")

        told(child, f"2 0.5 {BACK}")
        until(lambda: other.execute(WAITING).fetchone(), "a migration that waits")
        assert other.execute(f"SELECT count(*) FROM {TABLE}").fetchone() == (0,)  # stood behind it, and went on
        assert "Others hold a lock" in child.stdout.readline()
        refused = child.stdout.readline()
        assert refused.startswith(
            "refused A migration waited 2 times 0.5 s for a lock that others hold, and was not"
        )
        assert f"process {holder.info.backend_pid} (idle in transaction" in refused
        assert other.execute(f"SELECT to_regclass('{TABLE}') IS NOT NULL").fetchone() == (True,)

        told(child, f"1000 0.5 {BACK}")
        assert "Others hold a lock" in child.stdout.readline()
        holder.rollback()
        said = until(lambda: next((line for line in child.stdout if "Others hold" not in line), ""), "its end")
        assert said == "done 0\n", "and the limit is taken back"
        assert other.execute(f"SELECT to_regclass('{TABLE}') IS NULL").fetchone() == (True,)


def put(connection: psycopg.Connection, table: str, **given: object) -> int:
    """A row of `table` with these columns and nothing in the others; its number."""
    columns = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
        " AND is_nullable = 'NO' AND is_identity = 'NO'",
        [table],
    ).fetchall()
    empty = {
        "timestamp with time zone": datetime.now(UTC),
        "boolean": True,
        "bytea": b"",
        "jsonb": "{}",
        "ARRAY": "{}",
    }
    row = {name: empty.get(kind, "" if "char" in kind or kind == "text" else 0) for name, kind in columns} | given
    marks = ", ".join(["%s"] * len(row))
    found = connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) RETURNING id", [*row.values()]
    )
    return found.fetchone()[0]


def test_what_old_code_is_adding_to_the_sums_while_0018_copies_them_is_not_lost(database, tmp_path):
    """Without its lock the copy would be made before the old worker's commit, and the old table dropped after."""
    url = database.replace("postgres://", "postgresql://")
    with (
        psycopg.connect(url, autocommit=True) as look,
        psycopg.connect(url) as old,
        migrating(database, tmp_path) as child,
    ):
        told(child, "1 30 providers 0017")
        assert child.stdout.readline() == "done 0\n"
        key = put(look, "providers_usagekey")
        put(look, "providers_usageday", key_id=key, day=1, calls=1)
        look.execute("DELETE FROM providers_usagegeneration")
        put(look, "providers_usagegeneration", watermark=1)
        old.execute("UPDATE providers_usagegeneration SET watermark = 2")  # one more row, in one transaction
        old.execute("UPDATE providers_usageday SET calls = calls + 1")

        told(child, "1 60 providers")
        until(
            lambda: look.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone(), "a migration that waits"
        )
        old.commit()
        assert child.stdout.readline() == "done 0\n"
        kept = look.execute("SELECT sum(calls) FROM providers_usagetotal").fetchone()
        assert kept == look.execute("SELECT watermark FROM providers_usagegeneration").fetchone() == (2,)
