"""The `.env` of a first start: made once, private, never changed, and only where nobody else keeps secrets."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from dotenv import dotenv_values

from aiops_site import bootstrap


@pytest.fixture(autouse=True)
def no_secrets_given(monkeypatch):
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "AI_ENCRYPTION_KEY", "AI_ENCRYPTION_KEY_FILE", "ENV_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_first_start_gets_both_secrets_and_mock(tmp_path):
    path = tmp_path / ".env"
    assert bootstrap.ensure_secrets(path) is True
    values = dotenv_values(path)
    assert len(values["SECRET_KEY"]) >= 50
    Fernet(values["AI_ENCRYPTION_KEY"])
    assert values["AI_ALLOW_MOCK"] == "1"


def test_only_its_owner_can_read_it_whatever_the_umask(tmp_path):
    path = tmp_path / ".env"
    before = os.umask(0)
    try:
        bootstrap.ensure_secrets(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_start_changes_nothing(tmp_path):
    path = tmp_path / ".env"
    bootstrap.ensure_secrets(path)
    made = path.read_bytes()
    assert bootstrap.ensure_secrets(path) is False
    assert path.read_bytes() == made


def test_a_file_that_only_names_provider_keys_gets_the_secrets_added(tmp_path):
    path = tmp_path / ".env"
    path.write_text("OPENAI_API_KEY=mine\nSECRET_KEY=")
    assert bootstrap.ensure_secrets(path) is True
    values = dotenv_values(path)
    assert values["OPENAI_API_KEY"] == "mine"
    assert len(values["SECRET_KEY"]) >= 50
    assert "AI_ALLOW_MOCK" not in values


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FILE", "AI_ENCRYPTION_KEY"])
def test_where_the_environment_brings_a_secret_no_file_is_made(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "given")
    assert bootstrap.ensure_secrets(tmp_path / ".env") is False
    assert not (tmp_path / ".env").exists()


def test_an_empty_env_file_means_none(monkeypatch, tmp_path):
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setattr(bootstrap, "ENV_FILE", tmp_path / ".env")
    assert bootstrap.ensure_secrets() is False
    assert not (tmp_path / ".env").exists()


def test_eight_first_starts_at_once_agree_on_the_secrets(tmp_path):
    path = tmp_path / ".env"
    with ThreadPoolExecutor(8) as pool:
        wrote = list(pool.map(lambda _: bootstrap.ensure_secrets(path), range(8)))
    assert wrote.count(True) == 1
    assert path.read_text().count("SECRET_KEY=") == 1


def test_a_folder_that_is_not_there_is_one_clear_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"can't be written to .*No such file or directory.*SECRET_KEY"):
        bootstrap.ensure_secrets(tmp_path / "missing" / ".env")


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX shell")
def test_make_names_what_it_looked_for_when_no_python_is_new_enough(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for name in ("sh", "make"):
        (tmp_path / name).symlink_to(Path("/bin/sh") if name == "sh" else Path("/usr/bin/make"))
    done = subprocess.run(
        ["make", "install"],
        cwd=bootstrap.ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr


def test_a_python_without_the_packages_is_told_which_one_has_them():
    ended = subprocess.run(
        [sys.executable, "-S", bootstrap.ROOT / "manage.py", "doctor"], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ".venv/bin/python manage.py" in ended.stderr and "Traceback" not in ended.stderr
