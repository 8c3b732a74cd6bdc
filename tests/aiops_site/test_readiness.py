"""`/healthz` says that this process answers, `/readyz` what is missing; neither shows a secret."""

import os
from unittest.mock import MagicMock

import pytest
from django.db import connection

from aiops_site.operation import drain, heartbeat, readiness
from intelligence.agents import confine, self_test
from providers.ledger import triggers

PASSWORD = "redis-canary-0123456789"


@pytest.fixture(autouse=True)
def heart(settings, tmp_path):
    """Worker and beat are alive; the folder of the messages is the test's own."""
    settings.REDIS_URL, settings.QUEUE_DIR = "", tmp_path / "queue"
    for name in ("worker", "senate", "beat"):
        heartbeat.beat(name)


def part(client, name: str) -> dict:
    return client.get("/readyz").json()["parts"][name]


@pytest.mark.django_db
def test_all_parts_are_there(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_healthz_asks_neither_database_nor_redis(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_a_redis_that_is_away_is_red_and_its_password_stays_inside(client, settings):
    settings.REDIS_URL = f"redis://:{PASSWORD}@127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["redis"] == {"ok": False, "detail": "ConnectionError"}
    assert PASSWORD not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["worker", "senate", "beat"])
def test_a_part_without_heartbeat_is_red(client, name):
    heartbeat.forget(name)
    assert part(client, name) == {"ok": False, "detail": "no heartbeat"}


@pytest.mark.django_db
def test_an_old_heartbeat_is_red(client, settings):
    path = settings.QUEUE_DIR / "heartbeat-worker"
    then = path.stat().st_mtime - heartbeat.STALE_AFTER - 5
    os.utime(path, (then, then))
    seen = part(client, "worker")
    assert seen["ok"] is False
    assert seen["detail"].startswith("last heartbeat 2")


@pytest.mark.django_db
@pytest.mark.parametrize("keys", [[], ["too-short"]])
def test_encryption_keys_that_do_not_work_are_red(client, settings, keys):
    settings.AI_ENCRYPTION_KEYS = keys
    assert part(client, "keys") == {"ok": False, "detail": "no usable encryption key"}


@pytest.mark.django_db
def test_missing_migrations_are_red(client, monkeypatch):
    monkeypatch.setattr(readiness, "_applied_at", None)
    monkeypatch.setattr(readiness.MigrationExecutor, "migration_plan", lambda *args: ["one is missing"])
    assert part(client, "migrations") == {"ok": False, "detail": "not applied"}


@pytest.mark.django_db
def test_a_ledger_without_its_triggers_is_red(client):
    triggers.lift(connection)
    detail = "its triggers are missing or changed: run manage.py migrate"
    assert part(client, "ledger") == {"ok": False, "detail": detail}
    triggers.install(connection)
    assert part(client, "ledger")["ok"] is True


@pytest.mark.django_db
def test_a_process_that_is_about_to_stop_is_red(client, monkeypatch):
    monkeypatch.setattr(drain, "_draining", True)
    assert part(client, "web") == {"ok": False, "detail": "stopping"}


async def test_a_draining_process_refuses_in_the_shape_of_each_surface(monkeypatch):
    monkeypatch.setattr(drain, "_draining", True)
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    for path in ("/api/v1/ai/chat/completions", "/senate/"):
        await drain.Draining(None)({"type": "http", "path": path, "method": "GET"}, None, send)
    assert [message.get("status") for message in sent] == [503, None, 503, None]
    assert b'"code": "restarting"' in sent[1]["body"]
    assert sent[3]["body"].decode() == drain.SENTENCE


@pytest.mark.parametrize(("encoding", "ok"), [("UTF8", True), ("SQL_ASCII", False)])
def test_a_postgresql_that_does_not_keep_utf8_is_not_ready(monkeypatch, encoding: str, ok: bool) -> None:
    fake = MagicMock(vendor="postgresql")
    fake.cursor.return_value.__enter__.return_value.fetchone.return_value = (encoding,)
    monkeypatch.setattr(readiness, "connection", fake)
    if ok:
        assert readiness.database() == "postgresql"
    else:
        with pytest.raises(readiness.NotReady, match="SQL_ASCII.*UTF8"):
            readiness.database()


@pytest.mark.django_db
@pytest.mark.parametrize("ok", [True, False])
def test_a_sandbox_that_does_not_hold_is_red_and_one_that_does_is_believed_for_a_minute(
    client, monkeypatch, ok
) -> None:
    tried = []

    async def starts() -> self_test.Check:
        tried.append(1)
        return self_test.Check("user", ok, "as root, in /secret/place")

    monkeypatch.setattr(readiness, "_held_at", None)
    monkeypatch.setattr(self_test, "missing", lambda: "")
    monkeypatch.setattr(self_test, "starts", starts)
    seen = [part(client, "sandbox") for _ in range(2)]
    detail = "holds" if ok else "it does not hold: run manage.py sandbox"
    assert seen == [{"ok": ok, "detail": detail}] * 2
    assert len(tried) == (1 if ok else 2)


@pytest.mark.django_db
def test_a_machine_that_can_have_no_sandbox_is_ready_without(client, monkeypatch) -> None:
    monkeypatch.setattr(self_test, "confinement", lambda: confine.Confinement(missing=confine.INSTALL))
    assert part(client, "sandbox") == {"ok": True, "detail": "off"}
