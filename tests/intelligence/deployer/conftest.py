"""A git server, a service that is built from it, and a way to run a deployment to its end."""

import asyncio

import pytest

from intelligence import nudges
from intelligence.agents import confine
from intelligence.deployer.desk import DESK
from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.models import Service
from providers.network import outbound
from providers.runtime import loop
from tests.fakes.git_server import TOKEN, running

needs_sandbox = pytest.mark.skipif(bool(confine.confinement().missing), reason=confine.confinement().missing)


@pytest.fixture
def git_server(tmp_path):
    (tmp_path / "served").mkdir()
    with running(tmp_path / "served") as server:
        outbound.configure([server.url.removeprefix("http://")])
        yield server
    outbound.configure()


@pytest.fixture
def shop(everyone, git_server, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    url = git_server.make("shop", {"app.py": "print('shop')\n"})
    return Service.objects.create(
        name="shop",
        owner=everyone["ivo"],
        deployer="local",
        repository_url=url,
        forge_token=TOKEN,
        build_command="echo building; cat app.py",
        check_command="python3 app.py",
    )


@pytest.fixture
def nudged(monkeypatch):
    """Deployments that workers were asked to take."""
    asked = []
    monkeypatch.setattr(nudges, "deployer", lambda pk, expires_s=None: asked.append(pk))
    return asked


@pytest.fixture
def deployed(everyone, nudged):
    """Queues a deployment of a service and works on it to its end, here."""

    def go(service, **about):
        made = deployments.queue(service, everyone["ivo"], **about)
        work_on(made)
        return made

    return go


def work_on(deployment):
    async def go():
        assert await DESK.take(deployment.pk)
        await DESK.done(deployment.pk)

    loop.run(go(), 60)
    deployment.refresh_from_db()


async def logged(deployment, words):
    """Returns once the words stand in its log."""

    def there():
        return words in b"".join(logbook.stream(deployment)).decode()

    while not await asyncio.to_thread(there):  # noqa: ASYNC110 - a row has no event
        await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _desk():
    DESK.open()
    yield
    loop.run(DESK.close(), 10)
