"""What a first start makes, once for all processes of the suite: a migrated database and the static files; and the
same database on PostgreSQL."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests import postgres
from tests.aiops_site.running import ROOT, environment

CODE = "import django; django.setup(); from aiops_site.management.commands.up import prepare; prepare()"
DATABASE = "console.sqlite3"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A DATA_DIR to copy from; nothing but a first start has touched it."""

    def make(data: Path) -> None:
        data.mkdir()
        env = environment(data, DJANGO_SETTINGS_MODULE="aiops_site.settings")
        subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, env=env, check=True)

    return _once(tmp_path_factory, "prepared", make)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Path:
    """The data of a PostgreSQL server to copy from (`tests/postgres.py`). Skips, loudly, where there is none."""
    try:
        return _once(tmp_path_factory, "postgres", postgres.keep_migrated)
    except LookupError as error:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")


def _once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """What `make` made at this path: the first process that wants it makes it, the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    made, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(made, ignore_errors=True)  # what another broke off
            make(made)
            done.touch()
    return made


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest, django_db_modify_db_settings: None) -> bool:
    """pytest-django's choice; on SQLite it is given the migrated database instead of making its own."""
    if connection.vendor != "sqlite":
        return request.config.getvalue("reuse_db")
    shutil.copy(request.getfixturevalue("prepared") / DATABASE, settings.DATABASES["default"]["TEST"]["NAME"])
    return True
