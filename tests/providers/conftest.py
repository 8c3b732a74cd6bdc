import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from providers.models import AIProviderSettings
from tests.fakes.fixtures import upstream, upstream_server  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start(tmp_path):
    """Starts a spending process; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(mode: str, user_id: int) -> subprocess.Popen[str]:
        environment = {**os.environ, "TEST_DATA_DIR": str(tmp_path)}
        arguments = [sys.executable, "-m", "tests.providers.ledger.ledger_child", mode]
        child = subprocess.Popen(
            [*arguments, str(connection.settings_dict["NAME"]), str(user_id)],
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(child)
        return child

    yield begin
    for child in running:
        child.kill()
        child.communicate()


@pytest.fixture
def openai(upstream, everyone):  # noqa: F811
    """The fake upstream as OpenAI, with a key saved, for committed rows."""
    row = AIProviderSettings.get_solo()
    row.openai_api_key, row.openai_base_url = "sk-canary-0123456789abcdef0123456789abcdef", upstream.openai_url
    row.save()
    return upstream


@pytest.fixture
def lee(people) -> Client:
    """A browser in which a viewer is signed in."""
    client = Client()
    client.force_login(people["lee"])
    return client
