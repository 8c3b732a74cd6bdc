"""Trust, sections B5 and B7: messages to workers hold ids, and child processes inherit nothing."""

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.test import Client

from intelligence.agents.confine import confinement
from intelligence.git import command
from intelligence.models import Service
from providers.models import AIProviderSettings
from providers.network.addresses import Guard
from senate import chat

KEY, WORDS = "sk-canary-0f1e2d3c4b5a69788796a5b4c3d2e1f0", "the unicorn in the basement ate the invoices"
SECRETS = {
    "OPENAI_API_KEY": KEY,
    "SECRET_KEY": "canary-of-the-secret-key",
    "AI_ENCRYPTION_KEY": "canary-of-the-master-key",
    "DATABASE_URL": "postgres://canary:canary-of-the-database@localhost/x",
    "REDIS_URL": "redis://:canary-of-redis@localhost/0",
    "GITHUB_WEBHOOK_SECRET": "canary-of-the-webhook",
}


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, Any]]:
    """(task, everything that its message holds) of all that is sent."""
    found: list[tuple[str, Any]] = []

    def note(sender: str = "", body: Any = None, headers: Any = None, **_: Any) -> None:
        found.append((sender, json.dumps([body, headers], default=str)))

    before_task_publish.connect(note)
    yield found
    before_task_publish.disconnect(note)


def plain(argument: Any) -> bool:
    """An id: a number, a UUID, or the name of one of our chains."""
    return isinstance(argument, int) or (isinstance(argument, str) and len(argument) <= 40 and " " not in argument)


@pytest.fixture
def saved(upstream, everyone) -> None:
    row = AIProviderSettings.get_solo()
    for slug in ("openai", "grok"):
        setattr(row, f"{slug}_api_key", KEY)
        setattr(row, f"{slug}_base_url", upstream.url(slug))
    row.save()


def test_b5_messages_hold_ids_and_no_words(sent, saved, everyone) -> None:
    chat.start(everyone["ivo"], question=WORDS, mode="code-review")
    client = Client(headers={"Accept": "application/json"})
    client.force_login(everyone["mara"])
    service = Service.objects.create(name="billing", owner=everyone["mara"])
    told = {"commit": "a" * 40, "branch": "main", "status": "FAILED", "log": f"npm ERR! {WORDS}\n{KEY}\n"}
    made = client.post(f"/api/v1/services/{service.pk}/deployments/", told, content_type="application/json")
    assert made.status_code in {200, 201}, made.content
    asked = {"log": f"npm ERR! missing script: build\n{WORDS}\n", "mode": "rules"}
    client.post("/api/v1/ai/analyze_logs/", asked, content_type="application/json")
    tasks = {task for task, _ in sent}
    assert {"senate.tasks.run_session", "intelligence.tasks.explain_failure"} <= tasks, tasks
    for task, message in sent:
        assert not [word for word in (KEY, WORDS, "unicorn", "npm ERR") if word in message], (task, message)
        [arguments, named, _], _ = json.loads(message)
        assert all(plain(one) for one in [*arguments, *named.values()]), (task, arguments, named)


def test_b5_no_result_is_kept_and_the_message_files_hold_no_words(saved, everyone) -> None:
    from aiops_site.celery import app

    folder = Path(app.conf.broker_transport_options["data_folder_out"])
    folder.mkdir(parents=True, exist_ok=True)
    chat.start(everyone["ivo"], question=WORDS, mode="code-review")
    assert app.conf.task_ignore_result and app.conf.result_backend in (None, "", "disabled://")
    files = [path.read_text() for path in folder.glob("*") if path.is_file()]
    assert files, "where the messages are"
    assert not [text for text in files if KEY in text or "unicorn" in text]


def test_b7_git_inherits_nothing(tmp_path, monkeypatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nenv\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(command.shutil, "which", lambda *_, **__: str(fake))
    said = asyncio.run(command.Git(tmp_path, Guard()).run("version")).decode()
    assert not [value for value in SECRETS.values() if value in said or "canary" in said]
    names = {line.split("=")[0] for line in said.splitlines() if "=" in line}
    assert not {name for name in names if not name.startswith("GIT_")} - {
        "PATH",
        "HOME",
        "LC_ALL",
        "PWD",
        "_",
        "SHLVL",
    }


@pytest.mark.skipif(bool(confinement().missing), reason=confinement().missing)
def test_b7_the_sandbox_and_pip_in_it_inherit_nothing(monkeypatch) -> None:
    from intelligence.agents.sandbox import Sandbox

    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    shell = "env; cat /proc/*/environ | tr '\\0' '\\n'; python3 -m pip config debug 2>/dev/null || true"
    said = asyncio.run(Sandbox().run(["sh", "-c", shell])).stdout
    assert "PATH=" in said and "canary" not in said


def test_b7_what_the_process_itself_has_holds_no_saved_key(saved) -> None:
    """`_sync_db_to_env` fills an environment of its own, never the one that children inherit."""
    AIProviderSettings.get_solo().save()
    assert KEY not in "".join(os.environ.values())
