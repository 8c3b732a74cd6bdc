"""Deployments that are really cloned and really built in the sandbox."""

import os
from pathlib import Path

import pytest

from intelligence.agents import confine
from intelligence.deployer import local
from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.models import Service
from providers.exceptions import InvalidInput
from tests.fakes.git_server import TOKEN
from tests.intelligence.deployer.conftest import needs_sandbox

pytestmark = [pytest.mark.django_db(transaction=True), needs_sandbox]


def log_of(deployment):
    return b"".join(logbook.stream(deployment)).decode()


def set_up(service, **fields):
    Service.objects.filter(pk=service.pk).update(**fields)
    service.refresh_from_db()


def test_a_deployment_is_cloned_built_checked_and_kept(shop, deployed, git_server, settings):
    made = deployed(shop)
    assert (made.status, made.reason) == ("RUNNING", "")
    assert made.commit == git_server.branches("shop")["main"]
    assert made.started_at <= made.deploying_at <= made.checking_at <= made.finished_at
    log = log_of(made)
    assert (
        "\n$ echo building; cat app.py\nbuilding\nprint('shop')\n" in log and "\n$ python3 app.py\nshop\n" in log
    )
    assert TOKEN not in log
    current = settings.DATA_DIR / "releases" / str(shop.pk) / "current"
    assert (current / "app.py").read_text() == "print('shop')\n" and current.readlink() == Path(str(made.pk))


def test_a_build_that_fails_is_failed_in_building_with_its_exit_code_and_log(shop, deployed):
    set_up(shop, build_command="echo before; python3 -c 'import requests_oauthlib'")
    made = deployed(shop)
    assert (made.status, made.failed_in) == ("FAILED", "BUILDING")
    assert made.reason == "The build command ended with exit code 1."
    assert "before\nTraceback" in log_of(made) and "No module named 'requests_oauthlib'" in log_of(made)
    assert log_of(made).endswith("==> Failed: The build command ended with exit code 1.\n")


def test_a_check_that_fails_leaves_the_release_before_current(shop, deployed, settings):
    first = deployed(shop)
    set_up(shop, check_command="exit 7")
    made = deployed(shop)
    assert (made.status, made.failed_in) == ("FAILED", "HEALTH_CHECK")
    assert made.reason == "The check command ended with exit code 7."
    releases = settings.DATA_DIR / "releases" / str(shop.pk)
    assert (releases / "current").readlink() == Path(str(first.pk)) and not (releases / str(made.pk)).exists()


def test_a_named_commit_is_built_and_an_unknown_one_is_refused_in_words(shop, deployed, git_server):
    old = git_server.branches("shop")["main"]
    git_server.commit("shop", {"app.py": "print('newer')\n"})
    assert "print('shop')" in log_of(deployed(shop, commit=old[:10]))
    lost = deployed(shop, commit="0123456789")
    assert lost.status == "FAILED" and "Commit 0123456789 is not among the newest 200" in lost.reason


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"default_branch": "nowhere"}, "could not be cloned"),
        ({"forge_token": "wrong-token-1234567"}, "could not be cloned"),
        ({"repository_url": "http://10.0.0.1/x.git"}, "private"),
        ({"repository_url": ""}, "no repository address"),
        ({"package_folder": "/nowhere-at-all"}, "is not a folder on this machine"),
        ({"package_folder": "/etc"}, "holds more than packages"),
    ],
)
def test_what_cannot_begin_fails_with_a_sentence(shop, deployed, fields, words):
    set_up(shop, **fields)
    if "forge_token" in fields:
        shop.forge_token = fields["forge_token"]
        shop.save()
    made = deployed(shop)
    assert made.status == "FAILED" and words in made.reason
    assert "wrong-token" not in log_of(made) + made.reason


def test_a_build_has_no_network_unless_its_service_says_so_and_a_check_never(shop, deployed):
    names = "ls /sys/class/net 2>/dev/null; grep -c : /proc/net/dev"
    set_up(shop, build_command=names, check_command=names)
    closed = log_of(deployed(shop))
    assert "Build command, without network" in closed
    set_up(shop, build_network=True)
    opened = log_of(deployed(shop))
    assert "Build command, with network" in opened and "Check command, without network" in opened
    host = str(Path("/proc/net/dev").read_text().count(":"))
    assert closed.count("\n1\n") == 2  # loopback alone, twice
    assert f"\n{host}\n" in opened and opened.count("\n1\n") >= 1


def test_packages_come_from_the_folder_that_the_service_names(shop, deployed, tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "thing-1.0-py3-none-any.whl").write_bytes(b"wheel")
    words = "cat /packages/thing-1.0-py3-none-any.whl; touch /packages/x || echo read-only"
    set_up(shop, package_folder=str(folder), build_command=words)
    made = deployed(shop)
    assert made.status == "RUNNING" and "wheel" in log_of(made) and "\nread-only\n" in log_of(made)


WHEEL = "thing-1.0-py3-none-any.whl"


def wheel(folder):
    """A real, small wheel."""
    import zipfile

    about = "thing-1.0.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w") as made:
        made.writestr("thing.py", "print('thing is here')\n")
        made.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        made.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{about}/RECORD", "")


@pytest.mark.parametrize("own_pip", [True, False])
def test_pip_installs_from_the_package_folder_without_network(shop, deployed, tmp_path, monkeypatch, own_pip):
    pytest.importorskip("pip")
    if own_pip:
        monkeypatch.setattr(local.python_tools, "has_pip", lambda: False)
    elif not local.python_tools.has_pip():
        pytest.skip("This machine's own Python has no pip.")
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder)
    set_up(shop, package_folder=str(folder), build_command="pip install thing", check_command="python3 -m thing")
    made = deployed(shop)
    assert made.status == "RUNNING" and "\nthing is here\n" in log_of(made)
    set_up(shop, build_command="pip install no-such-thing")
    missing = deployed(shop)
    assert missing.failed_in == "BUILDING" and "No matching distribution" in log_of(missing)


def test_a_secret_in_the_output_is_masked_also_when_it_comes_in_two_pieces(shop, deployed, git_server):
    half = len(TOKEN) // 2
    words = f"printf '{TOKEN[:half]}'; sleep 0.5; printf '{TOKEN[half:]}\\n'; echo done"
    set_up(shop, build_command=words)
    made = deployed(shop)
    printed = log_of(made).split("\n$ ")[1]
    assert TOKEN not in log_of(made) and "••••" in printed and "\ndone\n" in printed


def test_the_release_keeps_no_pipes_and_is_not_the_sandbox_users(shop, deployed, settings):
    set_up(shop, build_command="mkfifo pipe; ln -s /etc/passwd link; echo x > file")
    made = deployed(shop)
    release = settings.DATA_DIR / "releases" / str(shop.pk) / str(made.pk)
    assert {path.name for path in release.iterdir()} == {"app.py", "link", "file"}
    assert (release / "link").is_symlink() and (release / "file").stat().st_uid == os.geteuid()


def test_what_runs_too_long_is_stopped_and_named(shop, deployed, monkeypatch):
    monkeypatch.setattr(local, "BUILD", local.replace(local.BUILD, wall_s=0.5))
    set_up(shop, build_command="sleep 60")
    assert deployed(shop).reason == "The build command was stopped: it took longer than 0.5 s."


def test_without_a_sandbox_the_deployer_is_off_and_says_why(shop, deployed, monkeypatch):
    monkeypatch.setattr(local.confine, "confinement", lambda: confine.Confinement(missing=confine.INSTALL))
    made = deployed(shop)
    assert made.status == "FAILED" and made.reason == f"The local deployer is off: {confine.INSTALL}"


def test_its_status_is_nobody_elses_to_report(shop, deployed):
    with pytest.raises(InvalidInput, match="made here"):
        deployments.reported(deployed(shop), "FAILED")
