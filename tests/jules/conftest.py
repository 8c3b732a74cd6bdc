"""A git server, a fake forge, a service whose deployment failed, and a way to work on its fix to the end, here."""

import pytest
from rest_framework.test import APIClient

from intelligence.agents import confine
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import Deployment, Service
from jules import autofix, nudges
from jules.models import FixAttempt
from jules.work.desk import DESK
from providers.network import outbound
from providers.runtime import loop
from tests.fakes import forge as fake_forge
from tests.fakes import git_server
from tests.fakes.fixtures import upstream, upstream_server  # noqa: F401

REPOSITORY = "team/shop"
needs_sandbox = pytest.mark.skipif(bool(confine.confinement().missing), reason=confine.confinement().missing)


@pytest.fixture(scope="session")
def git_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("served")
    with git_server.running(root) as server:
        yield server


@pytest.fixture(scope="session")
def forge_server():
    with fake_forge.running() as server:
        yield server


@pytest.fixture
def git(git_root, tmp_path):
    """The one server, with an empty folder of its own for each test."""
    git_root.root = tmp_path / "served"
    (git_root.root / "team").mkdir(parents=True)
    git_root.faults.clear()
    git_root.requests.clear()
    return git_root


@pytest.fixture
def forge(forge_server):
    forge_server.pulls.clear()
    forge_server.faults.clear()
    forge_server.requests.clear()
    return forge_server


@pytest.fixture
def world(everyone, git, forge, settings, tmp_path, monkeypatch):
    """Addresses open, a data folder of its own, nobody nudged; what was nudged."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    kept = outbound.guard().entries
    outbound.configure([*kept, *(server.url.removeprefix("http://") for server in (git, forge))])
    asked = []
    monkeypatch.setattr(nudges, "workers", lambda pk, expires_s=None: asked.append(pk))
    DESK.open()
    yield asked
    loop.run(DESK.close(), 10)
    outbound.configure(kept)


@pytest.fixture
def service_of(world, everyone, git, forge):
    """A service on a repository with these files."""

    def make(files, check="", build="", **fields):
        url = git.make(REPOSITORY, files)
        given = {
            "forge": "github",
            "forge_api_url": forge.api("github"),
            "forge_token": git_server.TOKEN,
            **fields,
        }
        return Service.objects.create(
            name="shop",
            owner=everyone["ivo"],
            repository_url=url,
            check_command=check,
            build_command=build,
            **given,
        )

    return make


@pytest.fixture
def failed():
    """A failed deployment with this log."""

    def make(service, log="", failed_in="HEALTH_CHECK", **fields):
        made = Deployment.objects.create(
            service=service,
            status="FAILED",
            failed_in=failed_in,
            reason="The check command ended with exit code 1.",
            branch="main",
            **fields,
        )
        logbook.append(made.pk, log, redactor())
        made.refresh_from_db()
        return made

    return make


@pytest.fixture
def fixed():
    """Works on a fix of the deployment to its end; the attempt as it then is."""

    def go(deployment, engine="local", user=None):
        result = autofix.fix(deployment.pk, engine, user.pk if user else None)
        assert result.attempt_id, result
        return FixAttempt.objects.get(pk=result.attempt_id)

    return go


@pytest.fixture
def as_user(people):
    def client(name):
        made = APIClient()
        made.force_authenticate(people[name])
        return made

    return client


@pytest.fixture
def model(upstream, world):  # noqa: F811
    """A chat model on the fake upstream, configured as the site's only provider."""
    from providers.models import AIProviderSettings, AIServiceConfig

    row = AIProviderSettings.get_solo()
    row.local_base_url, row.local_api_key = upstream.openai_url, "sk-local-test-key"
    row.seats = ["local/fake-engineer"]
    row.save()
    config = AIServiceConfig.get_instance()
    config.default_provider, config.default_model = "local", "fake-engineer"
    config.save()
    return upstream
