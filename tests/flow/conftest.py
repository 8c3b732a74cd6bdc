"""One running site (`manage.py up`) with the fake upstream for the flows of this folder."""

import pytest

from tests.aiops_site.running import Site
from tests.fakes.upstream import FakeUpstream
from tests.static.conftest import CHROMIUM, FLAGS


@pytest.fixture(scope="session")
def fake():
    with FakeUpstream() as server:
        server.set_mode("slow", pause=0.01)
        yield server


@pytest.fixture(scope="session")
def site(tmp_path_factory, fake):
    running = Site(tmp_path_factory.mktemp("site"), AI_PRIVATE_HOSTS=fake.netloc, AI_ALLOW_MOCK="1")
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
