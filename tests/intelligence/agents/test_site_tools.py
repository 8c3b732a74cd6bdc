"""The tools of the apps through the gate: what they read, what a person is shown, what then happens, once."""

import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from intelligence import tasks
from intelligence.agents import gate
from intelligence.agents.gate import Refused
from intelligence.approval import approvals
from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.logs.secrets import redactor
from intelligence.models import Approval, Deployment, Service
from jules.models import FixAttempt
from providers.money import caps
from providers.runtime.hop import close_all


@pytest.fixture
def running(service) -> Deployment:
    about: dict[str, Any] = {"deployer": "hook", "deploy_hook_url": "https://hooks.example.org/secret-4711"}
    Service.objects.filter(pk=service.pk).update(repository_url="https://github.com/acme/checkout-api", **about)
    service.refresh_from_db()
    for name, value in about.items():
        setattr(service, name, value)
    service.save()
    return Deployment.objects.create(
        service=service, status="RUNNING", commit="a1b2c3d4", branch="main", finished_at=timezone.now()
    )


@pytest.fixture
def failed(running) -> Deployment:
    made = Deployment.objects.create(
        service=running.service, status="FAILED", failed_in="BUILDING", branch="main", finished_at=timezone.now()
    )
    logbook.append(made.pk, "npm ERR! code ELIFECYCLE\nnpm ERR! missing script: build\n", redactor())
    return made


def asked(caller: Any, name: str, **arguments: Any) -> Approval:
    return Approval.objects.get(pk=gate.call(caller, name, arguments).approval_id)


def test_reading_tools_answer_with_what_the_owner_sees_and_no_secret(caller, failed, everyone):
    reads = {
        "list_services": {},
        "get_service": {"service": "Checkout-API"},
        "list_deployments": {"failed": True},
        "get_deployment": {"deployment_id": str(failed.pk)},
        "read_log": {"deployment_id": str(failed.pk), "count": 2},
        "analyze_log": {"deployment_id": str(failed.pk)},
        "list_analyses": {"service": "checkout-api"},
        "list_incidents": {},
        "service_samples": {"service": "checkout-api"},
        "list_fixes": {},
        "usage_summary": {"range": "7d"},
        "provider_health": {},
        "list_caps": {},
    }
    found = {name: gate.call(caller, name, arguments).result for name, arguments in reads.items()}
    assert set(reads) <= {one.name for one in gate.tools(caller)}
    assert "4711" not in str(found)
    assert found["get_service"]["running"]["commit"] == "a1b2c3d4"
    assert [one["id"] for one in found["list_deployments"]["deployments"]] == [str(failed.pk)]
    assert found["read_log"]["lines"][-1] == "npm ERR! missing script: build"
    assert found["analyze_log"]["healthy"] is False and found["analyze_log"]["patterns"]
    assert [one["username"] for one in found["list_caps"]["caps"]] == ["ivo"]


UNFIT = [
    ("get_service", {"service": "nothing"}, 404),
    ("get_service", {"service": "a\x00b"}, 404),
    ("get_deployment", {"deployment_id": "nonsense"}, 400),
    ("get_deployment", {"deployment_id": "00000000-0000-4000-8000-000000000000"}, 404),
    ("read_log", {"deployment_id": "00000000-0000-4000-8000-000000000000"}, 404),
    ("list_services", {"limit": 10_000_000}, 400),
    ("redeploy", {"service": "checkout-api", "branch": "--upload-pack=id"}, 400),
    ("redeploy", {"service": "checkout-api", "commit": "$(id)"}, 400),
    ("redeploy", {"service": "checkout-api"}, 400),
    ("restart_service", {"service": "checkout-api"}, 400),
    ("start_fix", {"deployment_id": "00000000-0000-4000-8000-000000000000"}, 404),
    ("get_fix", {"attempt_id": 999}, 404),
    ("set_cap", {"username": "ivo", "reason": "more", "daily_cost_cap_usd": 50}, 403),
    ("usage_summary", {"range": "for ever"}, 400),
]


def test_wrong_arguments_are_a_sentence_and_ask_nobody(caller, service):
    for name, arguments, status in UNFIT:
        with pytest.raises(Refused) as caught:
            gate.call(caller, name, arguments)
        assert (caught.value.status, bool(caught.value.message)) == (status, True), (name, arguments)
    assert Approval.objects.count() == 0


def test_a_restart_shows_what_runs_wants_its_name_and_calls_the_hook_once_more(caller, running, everyone):
    row = asked(caller, "restart_service", service="checkout-api", reason="Memory is full at 03:00.")
    assert (row.risk, row.target) == ("destructive", "checkout-api") and "4711" not in str(vars(row))
    assert row.changes == [["What runs", "a1b2c3d4", "a1b2c3d4, anew"]]
    assert (
        row.why == "Memory is full at 03:00."
        and [
            "Environment",
            "production",
        ]
        in row.touches
    )
    done = approvals.decide(row.pk, everyone["mara"], "approve", typed="checkout-api")
    again = Deployment.objects.get(pk=done.result["id"])
    assert (again.status, again.origin, again.commit, again.requested_by.username) == (
        "QUEUED",
        "hook",
        "a1b2c3d4",
        "ivo",
    )


def test_another_deployment_meanwhile_makes_the_yes_void(caller, running, everyone):
    row = asked(caller, "redeploy", service="checkout-api")
    deployments.queue(running.service, everyone["ivo"])
    with pytest.raises(approvals.NotAsApproved):
        approvals.decide(row.pk, everyone["mara"], "approve")
    assert Deployment.objects.count() == 2


def test_a_fix_is_started_where_a_person_says_so(caller, failed, everyone):
    row = asked(caller, "start_fix", deployment_id=str(failed.pk), engine="local")
    assert (
        FixAttempt.objects.count() == 0 and ["Repository", "https://github.com/acme/checkout-api"] in row.touches
    )
    approvals.decide(row.pk, everyone["mara"], "approve")
    attempt = FixAttempt.objects.get()
    assert (attempt.engine, attempt.deployment_id, attempt.requester) == ("local", failed.pk, "ivo")
    with pytest.raises(Refused, match="under way"):
        gate.call(caller, "start_fix", {"deployment_id": str(failed.pk), "engine": "local"})


def test_a_cap_is_changed_where_a_person_says_so_and_only_as_it_was_shown(caller, agent, everyone):
    agent.owner = everyone["ana"]
    agent.save()
    of_ana = gate.Caller(agent.pk, everyone["ana"].pk, frozenset({"caps:write"}))
    change = {"username": "ivo", "reason": "a release", "daily_cost_cap_usd": 12.5, "until": "good"}
    first, second = asked(of_ana, "set_cap", **change), asked(of_ana, "set_cap", **{**change, "until": "week"})
    assert first.changes == [["Dollars a day", "$10.00", "$12.50"]]
    approvals.decide(first.pk, everyone["mara"], "approve")
    assert caps.standing(everyone["ivo"]).cost_cap_usd == Decimal("12.5")
    with pytest.raises(approvals.NotAsApproved):
        approvals.decide(second.pk, everyone["mara"], "approve")


def test_four_processes_that_say_yes_at_once_deploy_once(caller, running, everyone, settings):
    row = asked(caller, "redeploy", service="checkout-api", commit="abcdef12")
    close_all()
    child = [sys.executable, "-m", "tests.intelligence.agents.approval_child"]
    command = [*child, str(connection.settings_dict["NAME"]), str(row.pk), str(everyone["mara"].pk), "4"]
    environment = {**os.environ, "TEST_MASTER_KEY": settings.AI_ENCRYPTION_KEYS[0]}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen(command, **pipes) as four:
        try:
            assert four.stdout.readline() == "ready\n"
            said = sorted(four.communicate("go\n", timeout=120)[0].split())
        finally:
            four.kill()
    assert said == ["already_decided"] * 3 + ["done"]
    assert Deployment.objects.filter(commit="abcdef12").count() == 1


def test_a_worker_takes_up_what_was_approved_and_lost(caller, running, everyone):
    row = asked(caller, "redeploy", service="checkout-api", commit="abcdef12")
    long_ago = timezone.now() - timedelta(minutes=1)
    Approval.objects.filter(pk=row.pk).update(state="approved", decided_by=everyone["mara"], decided_at=long_ago)
    tasks.reap()
    tasks.reap()
    assert Approval.objects.get().state == "done"
    assert Deployment.objects.filter(commit="abcdef12").count() == 1
