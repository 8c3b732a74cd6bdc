"""Attacks on approvals: whatever is tried, the act runs at most once, as it was asked for; the try is audited."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from intelligence.agents import gate, roster
from intelligence.approval import approvals, execution
from intelligence.models import Agent, AgentStop, Approval, Service
from providers.exceptions import AIServiceError
from providers.models import AuditEntry

pytestmark = pytest.mark.usefixtures("tools", "service")


@pytest.fixture
def asked(caller, tools, service) -> Approval:
    outcome = gate.call(caller, "mark", {"service": "checkout-api"})
    return Approval.objects.get(pk=outcome.approval_id)


def refused_with(pk: Any, user: Any, decision: str = "approve", **more: Any) -> str:
    with pytest.raises(AIServiceError) as caught:
        approvals.decide(pk, user, decision, **more)
    return caught.value.code


def last_refusal() -> AuditEntry:
    return AuditEntry.objects.filter(action__startswith="approval.", outcome__in=["refused", "failed"]).first()


TAMPERED = {
    "other arguments": {"arguments": {"service": "billing"}},
    "an argument more": {"arguments": {"service": "checkout-api", "force": True}},
    "another tool": {"act": "tool.wipe"},
    "another tool of the same arguments": {"act": "tool.look"},
    "a lower risk": {"risk": "read"},
    "another target": {"target": "billing"},
    "another digest": {"digest": "0" * 64},
    "wider scopes": {"caller": "scopes"},
    "another owner": {"caller": "owner"},
    "no agent": {"agent": None},
    "no caller": {"caller": "none"},
}


def test_a_row_that_was_changed_after_asking_never_runs(caller, everyone, ran, service):
    for name, given in TAMPERED.items():
        asked = Approval.objects.get(pk=gate.call(caller, "mark", {"service": "checkout-api"}).approval_id)
        change = dict(given)
        if change.get("caller") == "scopes":
            change["caller"] = {**asked.caller, "scopes": ["everything"]}
        if change.get("caller") == "owner":
            change["caller"] = {**asked.caller, "owner": everyone["mara"].pk}
        if change.get("caller") == "none":
            change["caller"] = {}
        Approval.objects.filter(pk=asked.pk).update(**change)
        assert refused_with(asked.pk, everyone["mara"]), name
        assert ran == [] and Approval.objects.get(pk=asked.pk).state in ("changed", "failed"), name
        assert (last_refusal().action, last_refusal().object_id) == ("approval.result", str(asked.pk)), name


def make(change: str, everyone: Any, agent: Agent) -> None:
    """Something changes between the asking and the yes."""
    ivo = everyone["ivo"]
    match change:
        case "agent_revoked":
            Agent.objects.update(active=False)
        case "agents_stopped":
            AgentStop.objects.create(pk=1, stopped=True)
        case "owner_inactive":
            type(ivo).objects.filter(pk=ivo.pk).update(is_active=False)
        case "scope_missing":
            Agent.objects.update(scopes="read")
        case "role_lost":
            ivo.groups.set([Group.objects.get(name="viewer")])
        case "not_as_approved":
            Service.objects.update(default_branch="release")


@pytest.mark.parametrize(
    "change",
    ["agent_revoked", "agents_stopped", "owner_inactive", "scope_missing", "role_lost", "not_as_approved"],
)
def test_state_and_rights_are_read_again_when_it_runs(asked, everyone, agent, ran, change):
    make(change, everyone, agent)
    code = refused_with(asked.pk, everyone["mara"])
    assert code == ("scope_missing" if change == "role_lost" else change)
    assert ran == [] and last_refusal().object_id == str(asked.pk)


def test_the_requesters_owner_and_those_who_only_read_do_not_decide(asked, everyone, ran, settings):
    for name in ("ivo", "ana", "lee"):
        assert refused_with(asked.pk, everyone[name]) == "not_the_approver"
        assert last_refusal().actor_id == everyone[name].pk
    assert Approval.objects.get().state == "pending" and approvals.waiting_for(everyone["ivo"]).count() == 0
    settings.OPS_PREVENT_SELF_REVIEW = False
    assert approvals.decide(asked.pk, everyone["ivo"], "approve").state == "done" and len(ran) == 1


def test_an_approver_who_lost_the_account_or_the_role_since_signing_in_decides_nothing(asked, everyone, ran):
    mara = everyone["mara"]
    type(mara).objects.filter(pk=mara.pk).update(is_active=False)
    gone = type(mara).objects.get(pk=mara.pk)
    assert refused_with(asked.pk, gone) == "not_found", "nobody without a role sees that there is one"
    type(mara).objects.filter(pk=mara.pk).update(is_active=True, is_superuser=False)
    mara.groups.set([Group.objects.get(name="viewer")])
    assert refused_with(asked.pk, type(mara).objects.get(pk=mara.pk)) == "not_the_approver"
    assert last_refusal().actor_id == mara.pk
    assert Approval.objects.get().state == "pending" and ran == []


def test_an_agent_decides_nothing(asked, everyone, agent, ran):
    key, _ = roster.rotate(everyone["mara"], agent)
    client = APIClient()
    token = client.post("/api/v1/ops/token/", {"agent_key": key}, format="json").json()["token"]
    url, headers = f"/api/v1/ops/approvals/{asked.pk}/", {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    for decision in ("approve", "deny"):
        assert client.post(url, {"decision": decision}, format="json", **headers).status_code == 403
    assert AuditEntry.objects.filter(action="agent.refuse", object_id=str(agent.pk)).count() == 2
    assert client.get(url, **headers).json()["state"] == "pending" and ran == []


def test_an_agent_reads_what_it_asked_for_and_nothing_else(asked, everyone):
    _, key = roster.create(everyone["mara"], "other", "ivo", ["write"])
    client = APIClient()
    token = client.post("/api/v1/ops/token/", {"agent_key": key}, format="json").json()["token"]
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert client.get(f"/api/v1/ops/approvals/{asked.pk}/", **headers).status_code == 404
    assert client.get("/api/v1/ops/approvals/", **headers).status_code == 401


def test_an_expired_or_decided_one_is_never_run_by_a_replay(asked, everyone, ran):
    mara = everyone["mara"]
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused_with(asked.pk, mara) == "already_decided"
    Approval.objects.update(expires_at=timezone.now() + timedelta(minutes=1), state="pending")
    assert approvals.decide(asked.pk, mara, "approve").state == "done"
    for again in ("approve", "deny"):
        assert refused_with(asked.pk, mara, again) == "already_decided"
    with pytest.raises(approvals.AlreadyDecided):
        approvals.execute(asked.pk)
    assert len(ran) == 1


def test_a_destructive_one_wants_exactly_its_targets_name(caller, everyone, ran):
    pk = gate.call(caller, "wipe", {"service": "checkout-api"}).approval_id
    for typed in ("", "checkout", "CHECKOUT-API", "checkout-api ", "billing"):
        assert refused_with(pk, everyone["mara"], typed=typed) == "invalid_input" and ran == []
    assert approvals.decide(pk, everyone["mara"], "approve", typed="checkout-api").state == "done"


def test_an_edited_request_is_another_request(caller, everyone, ran):
    Service.objects.create(name="billing", owner=everyone["ivo"])
    one = gate.call(caller, "mark", {"service": "checkout-api"}).approval_id
    two = gate.call(caller, "mark", {"service": "billing"}).approval_id
    assert one != two
    approvals.decide(one, everyone["mara"], "approve")
    assert ran == [("mark", "checkout-api", "ivo")] and Approval.objects.get(pk=two).state == "pending"


def test_two_who_ask_at_once_get_one_row(caller):
    gates = threading.Barrier(4)

    def ask(_: int) -> Any:
        gates.wait()
        try:
            return gate.call(caller, "mark", {"service": "checkout-api"}).approval_id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert Approval.objects.count() == 1


def test_a_yes_whose_process_was_lost_is_taken_up_once_and_a_lost_run_is_never_repeated(asked, everyone, ran):
    now = timezone.now()
    Approval.objects.update(state="approved", decided_by=everyone["mara"], decided_at=now - timedelta(minutes=1))
    execution.take_up()
    execution.take_up()
    assert len(ran) == 1 and Approval.objects.get().state == "done"
    Approval.objects.update(state="executing", executed_at=now - timedelta(hours=1))
    execution.take_up()
    row = Approval.objects.get()
    assert (row.state, row.error, len(ran)) == ("failed", execution.LOST_WORDS, 1)


def test_too_many_waiting_requests_of_one_agent_are_refused(caller, monkeypatch, everyone):
    monkeypatch.setattr("intelligence.agents.admission.MOST_WAITING", 2)
    for name in ("a", "b", "c"):
        Service.objects.create(name=name, owner=everyone["ivo"])
    for name in ("a", "b"):
        assert gate.call(caller, "mark", {"service": name}).approval_id
    with pytest.raises(gate.Refused) as caught:
        gate.call(caller, "mark", {"service": "c"})
    assert caught.value.status == 429 and Approval.objects.count() == 2
    assert gate.call(caller, "mark", {"service": "a"}).approval_id, "one that waits already is told, not refused"


def test_revoking_an_agent_takes_back_what_it_asked_for(asked, everyone, agent):
    roster.revoke(everyone["ivo"], agent, "turned by its log")
    assert Approval.objects.get().state == "cancelled"
    assert refused_with(asked.pk, everyone["mara"]) == "already_decided"
    assert AuditEntry.objects.get(action="agent.revoke").reason == "turned by its log"
