"""A service whose deployment failed, a scripted model, and a way to work on a run to its end, here."""

from datetime import timedelta

import pytest
from django.utils import timezone

from intelligence import nudges
from intelligence.agents import troubleshooter
from intelligence.agents.troubleshooter import DESK
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import AgentRun, Deployment, Service
from providers.network import outbound
from providers.runtime import loop
from tests.fakes import scripted

LOG = (
    "Step 4/9 : RUN pip install -r requirements.txt\n"
    "Collecting flask\n"
    "Traceback (most recent call last):\n"
    '  File "/app/main.py", line 3, in <module>\n'
    "    import requests\n"
    "ModuleNotFoundError: No module named 'requests'\n"
)


@pytest.fixture(scope="session")
def scripted_server():
    with scripted.running() as server:
        yield server


@pytest.fixture
def quiet(everyone, monkeypatch):
    """Nobody is nudged; what would have been."""
    sent = []
    monkeypatch.setattr(nudges, "send", lambda task, *given, expires_s=None: sent.append((task, *given)))
    DESK.open()
    yield sent
    loop.run(DESK.close(), 10)


@pytest.fixture
def model(quiet, scripted_server):
    """The scripted model, configured as the site's only provider."""
    from providers.models import AIProviderSettings, AIServiceConfig

    kept = outbound.guard().entries
    outbound.configure([*kept, scripted_server.netloc])
    row = AIProviderSettings.get_solo()
    row.local_base_url, row.local_api_key = scripted_server.url, "sk-local-test-key"
    row.save()
    config = AIServiceConfig.get_instance()
    config.default_provider, config.default_model = "local", "scripted"
    config.save()
    yield scripted_server
    outbound.configure(kept)


@pytest.fixture
def shop(everyone):
    return Service.objects.create(name="checkout-api", owner=everyone["ivo"], deployer="local")


@pytest.fixture
def failed(shop):
    made = Deployment.objects.create(
        service=shop,
        status="FAILED",
        failed_in="BUILDING",
        reason="The build ended with exit code 1.",
        commit="ab" * 20,
    )
    logbook.append(made.pk, LOG, redactor())
    made.refresh_from_db()
    return made


@pytest.fixture
def worked(quiet):
    """Works on a run until this process has nothing more to do with it; the run as it then is."""

    def go(run):
        AgentRun.objects.filter(pk=run.pk, state="running").update(
            claim_expires_at=timezone.now() - timedelta(seconds=1)
        )
        loop.run(both(run.pk), 30)
        run.refresh_from_db()
        return run

    async def both(pk):
        await troubleshooter.take(pk)
        await DESK.done(pk)

    return go
