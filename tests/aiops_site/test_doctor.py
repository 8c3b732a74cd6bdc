"""`manage.py doctor`: what is set from where, what is wrong, what to do; never a secret."""

import json
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from aiops_site import env
from aiops_site.operation import doctor, heartbeat, readiness
from aiops_site.supervisor import address
from intelligence.agents import self_test
from providers.models import AIProviderSettings
from tests.aiops_site.running import ROOT, environment

SECRETS = {
    "OPENAI_API_KEY": "sk-canary-0123456789abcdef",
    "EMAIL_URL": "smtp://robot:hunter2hunter2@mail.example.org:587",
    "METRICS_TOKEN": "metrics-canary-91827364",
}


@pytest.fixture
def alive(settings, tmp_path) -> None:
    settings.REDIS_URL, settings.QUEUE_DIR, settings.PORT = "", tmp_path / "queue", 1
    for name in ("worker", "senate", "beat"):
        heartbeat.beat(name)


@pytest.fixture
def in_file(monkeypatch, tmp_path):
    """Sets names in a `.env` of the test's own."""
    path = tmp_path / ".env"
    path.write_text("")
    path.chmod(0o600)
    monkeypatch.setattr(env, "_file", str(path))
    monkeypatch.setattr(env, "_from_file", {})
    monkeypatch.setattr(env, "_values", dict(env._values))

    def put(**named: str):
        env._from_file.update(named)
        env._values.update(named)
        return path

    return put


def told(section: str) -> dict[str, doctor.Finding]:
    return {one.name: one for one in doctor.examine(sandbox=False) if one.section == section}


@pytest.mark.django_db
def test_a_site_that_is_well_has_no_error_and_ends_with_0(alive) -> None:
    out = StringIO()
    call_command("doctor", "--quick", stdout=out)
    said = out.getvalue()
    assert "0 errors" in said and "ERROR" not in said
    for part in ("python:", "packages:", "DATA_DIR:", "database: sqlite", "ledger: guarded", "worker: alive"):
        assert part in said, part


@pytest.mark.django_db
def test_what_is_set_is_shown_with_its_source_and_secrets_are_not(alive, in_file, monkeypatch) -> None:
    in_file(**SECRETS, AI_CHAT_RATE="60/min")
    found = told("Settings")
    assert found["AI_CHAT_RATE"].detail == "60/min (from .env)"
    assert found["SECRET_KEY"].detail == "set, not shown (from environment)"
    assert found["OPENAI_API_KEY"].detail == "set, not shown (from .env)"
    assert found["EMAIL_URL"].detail == "smtp://robot:•••@mail.example.org:587 (from .env)"
    out = StringIO()
    call_command("doctor", "--quick", "--all", "--json", stdout=out)
    assert not [value for value in (*SECRETS.values(), "hunter2hunter2") if value in out.getvalue()]
    defaults = {one["name"]: one["detail"] for one in json.loads(out.getvalue()) if "(default)" in one["detail"]}
    assert defaults["MAX_FILES_PER_JULES_PR"] == "5 (default)"


@pytest.mark.django_db
def test_a_misspelt_name_and_a_file_that_others_can_read_are_pointed_out(alive, in_file) -> None:
    in_file(AI_CHATRATE="60/min").chmod(0o644)
    found = told("Settings")["AI_CHATRATE"]
    assert (found.state, found.remedy) == ("warning", "Did you mean AI_CHAT_RATE?")
    assert told("Machine")[".env"].remedy.startswith("Run: chmod 600 ")


@pytest.mark.django_db
def test_what_is_broken_is_an_error_with_its_remedy_and_an_end_of_1(alive, settings, monkeypatch) -> None:
    settings.REDIS_URL, settings.RETENTION_DAYS = "redis://:canary-redis@127.0.0.1:1/0", ["ledger=1"]
    monkeypatch.setattr(readiness, "ledger_is_guarded", lambda: (_ for _ in ()).throw(readiness.NotReady("lost")))
    out = StringIO()
    with pytest.raises(CommandError, match="must be mended"):
        call_command("doctor", "--quick", stdout=out)
    said = out.getvalue()
    assert "ERROR   redis: ConnectionError\n          -> Start it, or correct REDIS_URL." in said
    assert "ERROR   ledger: lost\n          -> Run: python manage.py migrate" in said
    assert "ERROR   aiops.E010: RETENTION_DAYS: there is no kind 'ledger'." in said
    assert "canary-redis" not in said


@pytest.mark.django_db
def test_a_site_that_does_not_run_is_no_error(alive) -> None:
    heartbeat.forget("worker")
    found = told("Parts")["worker"]
    assert (found.state, found.detail) == ("note", "no heartbeat")


@pytest.mark.django_db
def test_a_site_that_runs_here_says_itself_how_its_redis_and_workers_are(alive, monkeypatch) -> None:
    heartbeat.forget("worker")
    said = {"redis": {"ok": True, "detail": "answers"}, "worker": {"ok": True, "detail": "alive"}}
    monkeypatch.setattr(address, "readiness", lambda *args: {**said, "database": {"ok": False, "detail": "no"}})
    found = told("Parts")
    assert (found["worker"].detail, found["redis"].detail, found["messages"].detail) == (
        "alive",
        "answers",
        "by Redis",
    )
    assert found["database"].state == "ok", "this process has looked itself"


def test_a_running_site_is_asked_and_an_empty_port_says_nothing(site) -> None:
    port = int(site.url.rpartition(":")[2])
    assert address.readiness("0.0.0.0", port, ["localhost"])["web"] == {"ok": True, "detail": "serving"}
    assert address.readiness("127.0.0.1", 1, []) == {}


@pytest.mark.django_db
def test_a_key_that_another_master_key_encrypted_is_pointed_out(alive, settings) -> None:
    from cryptography.fernet import Fernet

    row = AIProviderSettings.get_solo()
    row.openai_api_key = "sk-canary-0123456789abcdef"
    row.save()
    assert told("Providers")["openai"].detail == "can be called; key: saved"
    settings.AI_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    lost = told("Providers")["openai"]
    assert lost.state == "warning" and "saved with another master key" in lost.remedy


@pytest.mark.django_db
@pytest.mark.parametrize(("broken", "state"), [("", "ok"), ("network", "error")])
def test_the_sandbox_is_tried(alive, monkeypatch, broken, state) -> None:
    async def tried() -> list[self_test.Check]:
        return [self_test.Check(name, name != broken, "as it is") for name in ("sandbox", "network")]

    monkeypatch.setattr(self_test, "self_test", tried)
    monkeypatch.setattr(self_test, "missing", lambda: "")
    [found] = [one for one in doctor.examine() if one.section == "Sandbox"]
    assert found.state == state


def test_a_machine_without_a_database_is_told_what_to_do(tmp_path) -> None:
    """The command itself, where nothing is ready: no trace, and each fault with its remedy."""
    env_ = environment(tmp_path, SECRET_KEY="short", AI_ENCRYPTION_KEY="no-key-canary-55443322")
    command = [sys.executable, "manage.py", "doctor", "--quick"]
    ran = subprocess.run(command, cwd=ROOT, env=env_, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr + ran.stdout, ran.stderr
    for words in ("aiops.E001", "aiops.E003", "migrations: not applied", "keys: no usable encryption key"):
        assert words in ran.stdout, (words, ran.stdout)
    assert "no-key-canary" not in ran.stdout + ran.stderr
