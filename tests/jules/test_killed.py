"""A worker that is killed with -9 at each step: one branch, one pull request, a true history."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as site
from django.db import connection
from django.utils import timezone

from jules import autofix, nudges, tasks
from jules.models import STEPS, FixAttempt
from jules.work import store
from providers.runtime import loop

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
FILES = {"src/server.py": "print('up')\n", "start.sh": "python3 app/server.py\n"}
LOG = "python3: can't open file '/work/app/server.py': [Errno 2] No such file or directory\n"


def killed_at_each(attempt, hosts):
    """What each worker found, and how it ended."""
    database = str(connection.settings_dict["NAME"])
    arguments = [database, site.AI_ENCRYPTION_KEYS[0], ",".join(hosts), str(site.DATA_DIR), str(attempt.pk)]
    command = [sys.executable, "-m", "tests.jules.worker_child", *arguments]
    environment = {**os.environ, "TEST_DATA_DIR": str(site.DATA_DIR)}
    done = subprocess.run(command, cwd=ROOT, env=environment, timeout=120, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    return [json.loads(line) for line in lines[::2]], lines[1::2]


def test_killed_at_every_step_it_goes_on_and_leaves_one_branch_and_one_pull_request(
    service_of, failed, git, forge, monkeypatch
):
    attempt = autofix.start(failed(service_of(FILES), log=LOG), None)
    hosts = [server.url.removeprefix("http://") for server in (git, forge)]
    found, ends = killed_at_each(attempt, hosts)
    assert ends == [f"ended {signal.SIGKILL}"] * 5
    states = [["queued", "", ["waiting"] * 5]]
    states += [["running", STEPS[n], ["done"] * n + ["running"] + ["waiting"] * (4 - n)] for n in range(4)]
    assert found == states and store.abandoned() == []
    FixAttempt.objects.update(claim_expires_at=timezone.now())
    asked = []
    monkeypatch.setattr(nudges, "workers", lambda pk, expires_s=None: asked.append(pk))
    tasks.reap()
    assert asked == [attempt.pk]
    loop.run(autofix._worked_on(attempt.pk))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.error, attempt.claims) == ("succeeded", "", 6)
    assert set(git.branches("team/shop")) == {"main", attempt.branch}
    assert git.branches("team/shop")[attempt.branch] == attempt.sha
    assert (
        len(forge.pulls) == 1 and [r for r in forge.requests if r[0] == "POST" and r[1].endswith("/pulls")] != []
    )
    assert attempt.pr_number == 1 and FixAttempt.objects.count() == 1
    assert list((site.DATA_DIR / "clones").iterdir()) == []


def test_a_worker_that_is_lost_too_often_ends_the_attempt_in_words(service_of, failed):
    attempt = autofix.start(failed(service_of(FILES), log=LOG), None)
    past = timezone.now()
    FixAttempt.objects.update(state="running", claimed_by="x", claim_expires_at=past, claims=6, step="ask")
    tasks.reap()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.error) == ("failed", "The worker was lost 6 times while it worked on this.")
