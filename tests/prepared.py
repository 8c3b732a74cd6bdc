"""What a first start makes, once for all processes of the suite: a migrated database and the static files."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.aiops_site.running import ROOT, environment

CODE = "import django; django.setup(); from aiops_site.management.commands.up import prepare; prepare()"
DATABASE = "console.sqlite3"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A DATA_DIR to copy from; nothing but a first start has touched it."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    data, done = shared / "prepared", shared / "prepared.done"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            data.mkdir()
            env = environment(data, DJANGO_SETTINGS_MODULE="aiops_site.settings")
            subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, env=env, check=True)
            done.touch()
    return data


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest, django_db_modify_db_settings: None) -> bool:
    """pytest-django's choice; on SQLite it is given the migrated database instead of making its own."""
    if connection.vendor != "sqlite":
        return request.config.getvalue("reuse_db")
    shutil.copy(request.getfixturevalue("prepared") / DATABASE, settings.DATABASES["default"]["TEST"]["NAME"])
    return True
