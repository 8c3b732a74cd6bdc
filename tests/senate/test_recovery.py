"""A worker is killed; another goes on from what is stored, and nothing that was finished is paid again."""

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from providers import ledger
from providers.ledger.reconcile import reconcile
from providers.models import AIUsageLog, CapDay, Reservation, UserAICap
from providers.runtime import loop
from providers.runtime.desk import new_token
from senate import chat
from senate.models import SenateSession
from senate.work import recovery, store
from tests.senate import invariants

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
OK = "ok"


class Worker:
    """A process that works on one session. Errors: TimeoutError where it doesn't end in time."""

    def __init__(self, pid):
        self.pid = pid

    def kill(self):
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds=30):
        end = time.monotonic() + seconds
        while Path(f"/proc/{self.pid}").exists():
            if time.monotonic() > end:
                raise TimeoutError(f"worker {self.pid} still runs")
            time.sleep(0.005)


@pytest.fixture(scope="module")
def forks():
    """The process that workers are forked from."""
    environment = {**os.environ, "TEST_DATA_DIR": str(settings.DATA_DIR)}
    command = [sys.executable, "-m", "tests.senate.worker_child"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
        yield process
        process.kill()


@pytest.fixture
def spawned(forks, upstream):
    """Starts a worker process on a session; returns once it has the claim."""
    workers = []

    def start(session):
        given = {"database": str(connection.settings_dict["NAME"]), "master_key": settings.AI_ENCRYPTION_KEYS[0]}
        forks.stdin.write(json.dumps({**given, "upstream": upstream.netloc, "session": session.pk}) + "\n")
        forks.stdin.flush()
        said, pid = forks.stdout.readline().split()
        assert said in ("claimed", "refused")
        workers.append(Worker(int(pid)))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
        worker.wait()


@pytest.fixture
def killed(spawned, upstream):
    """Lets a worker go on until all of `calls` but the one that hangs are stored, and kills it with -9."""

    def kill(session, calls):
        child = spawned(session)
        upstream.wait_for(lambda seen: len(seen) >= calls, timeout=30)
        upstream.wait_for(lambda seen: [c.outcome for c in seen[:calls]].count("open") == 1, timeout=30)
        wait_for_rows(session, calls - 1)
        child.kill()
        child.wait()

    return kill


def wait_for_rows(session, done):
    """Until the worker has stored that many outcomes: a condition on rows, which no lock can wait for."""
    until = timezone.now() + timedelta(seconds=20)
    while session.calls.filter(state="done").count() < done:
        assert timezone.now() < until, list(session.calls.values_list("key", "state"))


def claim_runs_out(session):
    SenateSession.objects.filter(pk=session.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))


def ask(asker):
    UserAICap.objects.create(user=asker, daily_token_cap=1_000_000, daily_cost_cap_usd=Decimal(10))
    return chat.start(asker, question="Roll back or raise the pool size?", service="svc-1")


@pytest.mark.parametrize(("phase", "calls"), [("propose", 3), ("review", 6), ("chair", 7)])
def test_a_killed_worker_is_followed_by_another_that_asks_only_what_was_lost(
    asker, committee, upstream, killed, work, phase, calls
):
    committee("fake-optimist", "fake-sceptic", "fake-engineer")
    session = ask(asker)
    upstream.script(*[OK] * (calls - 1), "hold")
    killed(session, calls)
    assert store.claim(session.pk, new_token()) is None, "the claim must hold until it runs out"
    claim_runs_out(session)

    session = work(session)
    assert session.state == "done" and session.resolution
    assert len(upstream.calls) == 8, "seven calls and the one that was lost"
    rows = AIUsageLog.objects.filter(session_id=str(session.pk))
    assert rows.filter(success=True).count() == 7
    (lost,) = rows.filter(usage_source="unknown")
    assert lost.error_code == "lost" and lost.total_tokens > 0
    assert lost.metadata["call"].startswith(phase)
    assert {row.metadata["service"] for row in rows} == {"svc-1"}, "the call that was lost too"
    told = chat.events(session, 0, 10_000)
    assert [event["n"] for event in told] == list(range(1, session.last_n + 1))
    assert [e["data"]["resumed"] for e in told if e["type"] == "session.started"] == [False, True]
    assert [e["data"]["code"] for e in told if e["type"] == "call.failed"] == ["worker_lost"]
    assert [e["data"]["again"] for e in told if e["type"] == "call.started"].count(True) == 1
    once = [(e["type"], e["phase"]) for e in told if e["type"].startswith("phase.")]
    assert len(once) == len(set(once)) == 6
    said = chat.transcript(session)
    assert said["totals"]["calls"] == 8 and said["votes"]["votes_in"] == 6
    books_are_right(asker)


def test_a_worker_that_dies_while_it_books_a_lost_call_leaves_nothing_to_be_booked_twice(
    asker, committee, upstream, killed, work
):
    committee("fake-optimist")
    session = ask(asker)
    upstream.script("hold")
    killed(session, 1)
    claim_runs_out(session)
    second = store.claim(session.pk, new_token())
    lost = recovery.lost_attempt(second, session.calls.get(), 1)
    loop.run(ledger.record(lost, str(second.reservation)))  # and dies before it sets the call aside
    claim_runs_out(session)

    session = work(session)
    assert (session.state, session.claims) == ("done", 3)
    rows = AIUsageLog.objects.filter(session_id=str(session.pk))
    assert rows.count() == len(upstream.calls) == 2
    assert session.calls.get(error_code="worker_lost").log_id == rows.get(usage_source="unknown").pk == lost.id
    books_are_right(asker)
    invariants.check([session])


def books_are_right(user):
    assert not Reservation.objects.filter(closed_at=None).exists()
    day = CapDay.objects.get(user=user)
    assert day.used_tokens == sum(row.total_tokens for row in AIUsageLog.objects.filter(user_id=user.pk))
    assert (day.reserved_tokens, day.reserved_usd) == (0, Decimal(0))
    assert reconcile().clean


def test_a_resumed_session_that_no_longer_fits_the_cap_ends_with_the_reason(
    asker, committee, upstream, killed, work
):
    committee("fake-optimist")
    session = ask(asker)
    upstream.script("hold")
    killed(session, 1)
    claim_runs_out(session)
    UserAICap.objects.filter(user=asker).update(daily_token_cap=1_000)
    session = work(session)
    assert session.state == "failed"
    assert "cap" in session.reason.lower()
    books_are_right(asker)


def test_a_worker_that_lost_its_claim_writes_nothing_more(asker, committee, upstream):
    session = ask(asker)
    old, new = new_token(), new_token()
    assert store.claim(session.pk, old)
    claim_runs_out(session)
    assert store.claim(session.pk, new)
    entry = store.Entry(session.pk, old, [], [], {"resolution": "from the dead"})
    assert store.commit([entry]) == [False]
    assert store.beat([old, new]) == [old]
    session.refresh_from_db()
    assert (session.resolution, session.claims) == ("", 2)


def test_two_workers_that_are_nudged_at_once_are_one_claim(asker, committee):
    session = ask(asker)
    assert [bool(store.claim(session.pk, new_token())) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("SENATE_SOAK", "1"))))  # 5: twenty moments
def test_workers_killed_at_any_moment_lose_nothing_and_pay_no_finished_call_twice(
    asker, committee, upstream, spawned, work, seed
):
    moments = random.Random(seed)
    committee(*(f"fake-{persona}-slow" for persona in ("optimist", "sceptic", "engineer", "cautious", "brief")))
    upstream.set_mode("slow", pause=0.01)
    session = ask(asker)
    for _ in range(4):
        child = spawned(session)
        moments_later = moments.uniform(0, 1.5)
        try:
            child.wait(moments_later)
        except TimeoutError:
            child.kill()
            child.wait()
        claim_runs_out(session)
    session.refresh_from_db()
    session = work(session, timeout=60) if session.state == "running" else session
    assert session.state == "done"
    rows = AIUsageLog.objects.filter(session_id=str(session.pk))
    finished = list(rows.filter(success=True).values_list("metadata__call", flat=True))
    assert len(finished) == len(session.calls.filter(state="done")) + booked_but_lost(session)
    assert len(upstream.calls) <= rows.count() == session.calls.count()
    told = chat.events(session, 0, 10_000)
    assert [event["n"] for event in told] == list(range(1, session.last_n + 1))
    votes = [(e["data"]["reviewer"], e["data"]["proposal"]) for e in told if e["type"] == "vote"]
    assert len(votes) == len(set(votes)) == 20
    books_are_right(asker)
    invariants.check([session])


def address_space(pid):
    """Bytes that a process has mapped."""
    return int(re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) << 10


def given_up(worker, session):
    """Whether it has ended the session, or itself, or lets its claim run out."""
    session.refresh_from_db()
    claim = session.claim_expires_at
    over = session.state != "running" or claim is None or claim < timezone.now()
    return over or not Path(f"/proc/{worker.pid}").exists()


@pytest.mark.skipif("SENATE_SOAK" not in os.environ, reason="waits for claims that run out: SENATE_SOAK=1")
@pytest.mark.parametrize("left", [0, 1 << 20, 4 << 20], ids=["nothing", "1 MB", "4 MB"])
def test_f21_a_worker_whose_memory_is_used_up_dies_or_says_so_and_another_goes_on(
    asker, committee, upstream, spawned, work, left
):
    """A limit of memory, not a kill: what allocates fails, wherever that is. Three answers come at once then."""
    committee("fake-optimist", "fake-sceptic", "fake-engineer")
    session = ask(asker)
    upstream.script("hold", "hold", "hold")
    worker = spawned(session)
    upstream.wait_for(lambda seen: [call.outcome for call in seen].count("open") == 3, timeout=30)
    most = address_space(worker.pid) + left
    resource.prlimit(worker.pid, resource.RLIMIT_AS, (most, most))
    upstream.release()
    end = time.monotonic() + 120
    while not given_up(worker, session):
        assert time.monotonic() < end, "it works on nothing, and keeps its claim"
        time.sleep(0.2)
    worker.kill()  # one that lives and does nothing more
    worker.wait()
    claim_runs_out(session)
    session = work(session, timeout=60) if session.state == "running" else session
    assert session.state in ("done", "partial") and session.resolution
    rows = AIUsageLog.objects.filter(session_id=str(session.pk))
    assert rows.count() >= len(upstream.calls) >= 3, (
        "what was asked for is booked, as lost where nobody knows more"
    )
    books_are_right(asker)
    invariants.check([session])


def booked_but_lost(session):
    """Calls whose good answer the ledger has, though their worker died before it could store the text."""
    lost = session.calls.filter(error_code="worker_lost").values_list("log_id", flat=True)
    return AIUsageLog.objects.filter(pk__in=list(lost), success=True).count()
