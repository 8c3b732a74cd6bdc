"""The last trial of the sandbox: kept, shown, and what keeps code from running where it failed."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from intelligence.agents import code_runner, trial
from intelligence.agents.self_test import Check
from intelligence.deployer import local
from intelligence.deployer.job import Failed
from intelligence.models import Service
from jules import proof
from providers.exceptions import NotConfigured
from tests.intelligence.deployer.conftest import needs_sandbox


@pytest.fixture
def finds(monkeypatch):
    """What the next trials find; how many there were."""

    def will(*checks):
        made = []

        async def trying():
            made.append(1)
            return list(checks)

        monkeypatch.setattr(trial, "self_test", trying)
        return made

    return will


LEAK = Check("network", False, "it could connect")


def test_a_machine_is_tried_once_before_its_first_snippet(finds):
    made = finds(Check("sandbox", True, "fine"))
    assert trial.last() is None
    assert asyncio.run(trial.ensured()) == "" and asyncio.run(trial.ensured()) == "" and len(made) == 1
    assert trial.last()["checks"] == [{"name": "sandbox", "ok": True, "detail": "fine"}]


@needs_sandbox
def test_where_the_trial_fails_no_code_runs_and_the_reason_is_said(finds):
    finds(LEAK)
    with pytest.raises(NotConfigured, match="network: it could connect"):
        asyncio.run(code_runner.run("shell", "id"))


@needs_sandbox
def test_a_wall_that_did_not_hold_turns_builds_and_proofs_off_until_a_trial_finds_it_whole(finds):
    job = SimpleNamespace(deployment=SimpleNamespace(service=Service(check_command="true")))
    service, reason = job.deployment.service, "network: it could connect"
    assert proof.why_not(service, "BUILDING") == "", "a machine that was never tried is taken by what it has"
    finds(LEAK)
    asyncio.run(trial.now())
    with pytest.raises(Failed, match=f"The local deployer is off: .*{reason}"):
        asyncio.run(local.deploy(job))
    assert proof.why_not(service, "BUILDING").startswith("no sandbox: ") and reason in trial.off()
    finds(Check("sandbox", True, ""))
    asyncio.run(trial.now())
    assert proof.why_not(service, "BUILDING") == "" and trial.off() == ""


@pytest.mark.parametrize(
    ("off", "age", "again"), [("", 3_600, 0), ("", 8 * 86_400, 1), ("bad", 60, 0), ("bad", 700, 1)]
)
def test_a_trial_counts_for_a_while(finds, off, age, again):
    made = finds(Check("sandbox", True, ""))
    checks = [{"name": "x", "ok": not off, "detail": off}]
    at = datetime.now(UTC) - timedelta(seconds=age)
    trial.place().write_text(json.dumps({"at": at.isoformat(), "checks": checks}))
    asyncio.run(trial.ensured())
    assert len(made) == again


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "now", "checks": [{}]}', '{"checks": 7}'])
def test_a_file_that_is_broken_is_no_trial(text):
    trial.place().write_text(text)
    assert trial.last() is None


@pytest.mark.django_db
def test_the_page_shows_it_check_by_check_and_tries_again(client, people, finds, settings):
    client.force_login(people["ivo"])
    assert "Not tried on this machine yet" in client.get("/agents/sandbox/").content.decode()
    finds(Check("user", True, "nobody"), LEAK)
    assert client.post("/agents/sandbox/").headers["Location"] == "/agents/sandbox/"
    page = client.get("/agents/sandbox/").content.decode()
    assert "Does not hold" in page and "it could connect" in page and "be run here." in page
    settings.SANDBOX_BACKEND, settings.KNATIVE_EXECUTOR_URL = "knative", "http://executor"
    assert "Code runs in the cluster" in client.get("/agents/sandbox/").content.decode()
    for name in ("ana", "lee"):
        client.force_login(people[name])
        assert client.get("/agents/sandbox/").status_code == 403


@pytest.mark.django_db
def test_the_client_for_programs_is_one_file_to_download(client, people):
    client.force_login(people["ivo"])
    answer = client.get("/agents/aiops.py")
    assert answer["Content-Type"].startswith("text/x-python") and b"class Console" in answer.content
    compile(answer.content, "aiops.py", "exec")
