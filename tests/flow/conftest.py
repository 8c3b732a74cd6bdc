"""A running site (`manage.py up`) with the fake upstream for each file of flows: none meets what another left."""

import shutil

import pytest

from tests.aiops_site.running import Site
from tests.fakes import forge as fake_forge
from tests.fakes import git_server
from tests.fakes.upstream import FakeUpstream
from tests.static.conftest import CHROMIUM, FLAGS


@pytest.fixture(scope="module")
def fake():
    with FakeUpstream() as server:
        server.set_mode("slow", pause=0.01)
        yield server


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    """A git server over smart HTTP; repositories are named team/…"""
    with git_server.running(tmp_path_factory.mktemp("served")) as server:
        (server.root / "team").mkdir()
        yield server


@pytest.fixture(scope="module")
def forge(git):
    """The three forges, over the git server's branches."""
    with fake_forge.running() as server:
        server.head_of = lambda repo, branch: git.branches(repo).get(branch, "")
        yield server


@pytest.fixture(scope="module")
def site(prepared, tmp_path_factory, fake, git, forge):
    """Failed deployments of services with a token are fixed, and the fix is deployed, without being asked."""
    hosts = ",".join([fake.netloc, *(server.url.removeprefix("http://") for server in (git, forge))])
    given = {"AI_PRIVATE_HOSTS": hosts, "AI_ALLOW_MOCK": "1", "JULES_AUTO_DEPLOY_PR": "1"}
    running = Site(shutil.copytree(prepared, tmp_path_factory.mktemp("site") / "data"), **given)
    try:
        yield running.until_ready()
    finally:
        running.stop()


@pytest.fixture
def browser():
    if not CHROMIUM:
        pytest.skip("No Chromium on this machine: this flow was not tried in a browser.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()
