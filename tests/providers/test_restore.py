"""Backup and restore word by word as docs/operations.md has it: with the keys, all is there and proven."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.db import connection

from providers.models import AIProviderSettings
from tests.aiops_site.running import ROOT, environment
from tests.providers.ledger.ledger_kit import attempt, record, reserve

KEY = "sk-canary-0123456789abcdef0123456789abcdef"
RESTORED = """
import json
from io import StringIO
import django
django.setup()
from django.core.management import call_command
from providers.ledger.triggers import missing
from providers.models import AIProviderSettings, AIUsageLog, AuditEntry
said = StringIO()
for name in ("migrate", "verify_ledger", "reconcile"):
    call_command(name, stdout=said)
saved = AIProviderSettings.get_solo().openai_api_key
counts = [AIUsageLog.objects.count(), AuditEntry.objects.count()]
print(json.dumps({"key": saved, "counts": counts, "missing": missing(), "said": said.getvalue()}))
"""


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the backup of SQLite; pg_dump is PostgreSQL's own")
def test_f18_a_restored_site_has_its_rows_its_proof_and_with_the_key_its_keys(everyone, tmp_path) -> None:
    saved = AIProviderSettings.get_solo()
    saved.openai_api_key = KEY
    saved.save()
    ivo = everyone["ivo"].pk
    for _ in range(3):
        record(attempt(ivo, 40, 10, "0.05"), reserve(ivo))
    with closing(sqlite3.connect(tmp_path / "console.sqlite3")) as copy:
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as running:
            running.backup(copy)  # what `.backup` of the shell does, while the site runs
    keys = {name: os.environ[name] for name in ("SECRET_KEY", "AI_ENCRYPTION_KEY")}
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="aiops_site.settings", **keys)
    done = subprocess.run([sys.executable, "-c", RESTORED], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["key"] == KEY and found["missing"] == []
    assert found["counts"][0] == 3
    assert "counters: equal to the rows" in found["said"]
