"""Installing: once, again only when the content of a requirements file changed, with a reason when it can't."""

import subprocess

import pytest

from aiops_site import install


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in a folder of its own whose pip installs nothing and counts."""
    (tmp_path / "tests").mkdir()
    for name in ("requirements.txt", "tests/requirements.txt"):
        (tmp_path / name).write_text("one==1\n")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    (venv / "bin" / "python").chmod(0o755)
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", venv)
    monkeypatch.setattr(install, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(install, "PRODUCT", tmp_path / "requirements.txt")
    monkeypatch.setattr(install, "SUITE", tmp_path / "tests" / "requirements.txt")
    monkeypatch.setattr(install.shutil, "which", lambda name: f"/usr/bin/{name}")  # apt brings nothing here
    return tmp_path


def installs(project) -> list[str]:
    calls = project / "calls"
    return [line for line in calls.read_text().splitlines() if " install " in line] if calls.exists() else []


def test_a_second_run_installs_nothing(project):
    install.main("install")
    install.main("install")
    assert len(installs(project)) == 1


def test_a_new_time_stamp_alone_installs_nothing(project):
    install.main("install")
    (project / "requirements.txt").touch()
    install.main("install")
    assert len(installs(project)) == 1


def test_new_content_is_installed(project):
    install.main("install")
    (project / "requirements.txt").write_text("one==2\n")
    install.main("install")
    assert len(installs(project)) == 2


def test_a_failed_install_is_tried_again(project):
    install.main("install")
    (project / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    (project / "requirements.txt").write_text("one==2\n")
    with pytest.raises(SystemExit, match="could not be installed"):
        install.install(install.PRODUCT, needs=[install.PRODUCT])
    assert (project / ".venv" / ".installed-product").read_text() != ""
    (project / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\necho "$@" >> {project}/calls\n')
    install.main("install")
    assert len(installs(project)) == 2


def test_a_missing_venv_module_names_the_package(project, monkeypatch):
    (project / ".venv" / "bin" / "python").unlink()
    broken = subprocess.CompletedProcess([], 1, stdout="", stderr="ensurepip is not available\n")
    monkeypatch.setattr(install.subprocess, "run", lambda *args, **kwargs: broken)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        install.main("install")
    assert not (project / ".venv").exists()


def test_without_root_or_apt_chromium_is_not_tried_and_it_says_so(project, monkeypatch, capsys):
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    install.install_chromium()
    assert "browser tests will be skipped" in capsys.readouterr().out
