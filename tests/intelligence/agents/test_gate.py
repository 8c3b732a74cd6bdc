"""The gate: what lets a call through, what stops it, and what is written down."""

import asyncio
import time
from typing import Any

import pytest

from intelligence.agents import gate
from intelligence.agents.gate import Caller, Refused
from intelligence.approval import approvals
from intelligence.models import Agent, AgentStop, Approval
from providers.exceptions import InvalidInput
from providers.models import AuditEntry
from providers.tools import tool
from providers.trail import audit

pytestmark = pytest.mark.usefixtures("tools")


def said(action: str) -> list[dict[str, Any]]:
    return [row.became for row in AuditEntry.objects.filter(action=action).order_by("number")]


def test_a_call_runs_as_the_owner_between_two_entries_of_the_audit_log(caller, ran, agent):
    outcome = gate.call(caller, "look", {"name": "api"})
    assert outcome.result == {"seen": "api"} and outcome.approval_id is None
    assert ran == [("look", "api", "ivo")]
    before, after = AuditEntry.objects.filter(action__startswith="tool.").order_by("number")
    assert (before.action, after.action) == ("tool.call", "tool.result")
    assert (
        before.became["tool"] == "look" and before.became["jti"] == "j-1" and '"api"' in before.became["arguments"]
    )
    assert after.became["call"] == before.number and before.actor_id == agent.owner_id
    assert (before.object_type, before.object_id, before.object_label) == ("agent", str(agent.pk), "nightwatch")


def test_the_first_entry_stands_before_the_tool_runs_and_without_it_nothing_runs(caller, ran, monkeypatch):
    seen = []

    @tool(name="watching")
    def watching() -> int:
        seen.append(said("tool.call")[-1]["tool"])
        return 1

    gate.call(caller, "watching", {})
    assert seen == ["watching"]

    def full(*_: Any, **__: Any) -> None:
        raise audit.AuditUnavailable("This can't be written into the audit log now, so it was not done.")

    monkeypatch.setattr(audit, "record", full)
    with pytest.raises((Refused, audit.AuditUnavailable)) as caught:
        gate.call(caller, "look", {"name": "api"})
    assert caught.value.code == "audit_unavailable" and ran == []


def stopped(agent: Agent, people: Any) -> None:
    AgentStop.objects.create(pk=1, stopped=True, why="an incident")


def revoked(agent: Agent, people: Any) -> None:
    Agent.objects.update(active=False)


def without_scope(agent: Agent, people: Any) -> None:
    Agent.objects.update(scopes="things:write")


def owner_gone(agent: Agent, people: Any) -> None:
    people["ivo"].is_active = False
    people["ivo"].save()


def given_away(agent: Agent, people: Any) -> None:
    Agent.objects.update(owner=people["mara"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (stopped, "agents_stopped"),
        (revoked, "agent_revoked"),
        (without_scope, "scope_missing"),
        (owner_gone, "owner_inactive"),
        (given_away, "owner_inactive"),
    ],
)
def test_what_changed_since_the_token_holds_for_the_next_call(caller, agent, everyone, ran, change, code):
    change(agent, everyone)
    with pytest.raises(Refused) as caught:
        gate.call(caller, "look", {"name": "api"})
    assert (caught.value.status, caught.value.type, caught.value.code) == (403, "permission_error", code)
    assert ran == [] and said("tool.refuse")[-1]["code"] == code


UNFIT = [
    ("look", {"name": 5}, 400, "invalid_input"),
    ("look", {"name": "x" * 21}, 400, "invalid_input"),
    ("look", {"name": "api", "user": "mara"}, 400, "invalid_input"),
    ("look", {}, 400, "invalid_input"),
    ("look", '{"name": "ap', 400, "invalid_input"),
    ("look", ["api"], 400, "invalid_input"),
    ("look", None, 400, "invalid_input"),
    ("drop_table", {}, 404, "not_found"),
    ("note", {"text": "x"}, 403, "scope_missing"),
    ("mark", {"nonsense": 1}, 403, "scope_missing"),
]


def test_what_does_not_fit_is_refused_and_audited_and_runs_nothing(caller, ran):
    reader = Caller(caller.agent_id, caller.owner_id, frozenset({"things:read"}))
    for name, arguments, status, code in UNFIT:
        with pytest.raises(Refused) as caught:
            gate.call(reader, name, arguments)
        assert (caught.value.status, caught.value.code) == (status, code), (name, arguments)
        assert ran == [] and said("tool.refuse")[-1]["tool"] == name
    assert len(said("tool.refuse")) == len(UNFIT)


def test_a_scope_does_not_give_what_the_owners_role_does_not(caller, agent, everyone, ran, service):
    Agent.objects.update(owner=everyone["lee"])
    viewer = Caller(agent.pk, everyone["lee"].pk, caller.scopes)
    assert [one.name for one in gate.tools(viewer)] == ["look", "note"]
    with pytest.raises(Refused) as caught:
        gate.call(viewer, "mark", {"service": "checkout-api"})
    assert caught.value.status == 403 and Approval.objects.count() == 0 and ran == []


def test_the_list_is_what_may_be_called(caller, agent):
    assert [(one.name, one.risk, one.approval) for one in gate.tools(caller)] == [
        ("look", "read", False),
        ("mark", "write", True),
        ("note", "write", False),
        ("wipe", "destructive", True),
    ]
    reader = Caller(caller.agent_id, caller.owner_id, frozenset({"look"}))
    assert [one.name for one in gate.tools(reader)] == ["look"]
    Agent.objects.update(active=False)
    with pytest.raises(Refused):
        gate.tools(caller)


def test_calls_over_the_rate_are_refused_and_a_flood_of_them_is_one_entry(caller, ran):
    Agent.objects.update(calls_per_minute=2)
    for _ in range(2):
        gate.call(caller, "look", {"name": "api"})
    for _ in range(3):
        with pytest.raises(Refused) as caught:
            gate.call(caller, "look", {"name": "api"})
        assert caught.value.status == 429 and caught.value.retry_after
    assert len(ran) == 2 and len(said("tool.refuse")) == 1


def test_the_same_key_gives_the_same_result_and_runs_once(caller, ran):
    first = gate.call(caller, "note", {"text": "a"}, idempotency_key="k1")
    again = gate.call(caller, "note", {"text": "a"}, idempotency_key="k1")
    assert first.result == again.result and again.replayed and len(ran) == 1
    with pytest.raises(Refused) as caught:
        gate.call(caller, "note", {"text": "b"}, idempotency_key="k1")
    assert caught.value.code == "idempotency_key_reused" and len(ran) == 1


def test_keys_of_the_site_are_masked_and_long_results_are_cut(caller, service):
    service.webhook_secret = "hook-secret-4711"
    service.save()

    @tool(most_result_chars=200)
    def leak(many: int) -> dict[str, Any]:
        return {"text": "hook-secret-4711 and sk-" + "a1" * 20, "more": "x" * many}

    small = gate.call(caller, "leak", {"many": 1}).result
    assert "4711" not in str(small) and "sk-" not in str(small)
    big = gate.call(caller, "leak", {"many": 500}).result
    assert big["truncated"] and len(big["text"]) == 200 and "4711" not in big["text"]
    gate.call(caller, "look", {"name": "hook-secret-4711"})
    assert "4711" not in said("tool.call")[-1]["arguments"]


def test_a_tool_that_takes_too_long_is_stopped(caller):
    ended = []

    @tool(lasts_s=0.05)
    async def slow() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(True)

    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        gate.call(caller, "slow", {})
    assert caught.value.code == "tool_timeout" and time.monotonic() - began < 5 and ended
    assert AuditEntry.objects.get(action="tool.result").outcome == "failed"


def test_what_breaks_in_a_tool_is_told_without_its_words(caller):
    @tool
    def broken() -> None:
        raise ValueError("password hunter2")

    with pytest.raises(Refused) as caught:
        gate.call(caller, "broken", {})
    assert caught.value.code == "tool_failed" and "hunter2" not in caught.value.message


def test_what_needs_approval_waits_shows_what_it_would_do_and_then_runs_once(caller, everyone, ran, service):
    asked = gate.call(caller, "mark", {"service": "checkout-api"}).approval_id
    again = gate.call(caller, "mark", {"service": "checkout-api"}).approval_id
    assert asked == again and ran == []
    row = Approval.objects.get(pk=asked)
    assert (row.requester, row.changes, row.target) == (
        "nightwatch (agent)",
        [["mark", "no", "yes"]],
        "checkout-api",
    )
    done = approvals.decide(asked, everyone["mara"], "approve")
    assert (done.state, done.result, ran) == (
        "done",
        {"marked": "checkout-api"},
        [("mark", "checkout-api", "ivo")],
    )
    with pytest.raises(approvals.AlreadyDecided):
        approvals.execute(asked)
    assert len(ran) == 1


def test_asking_for_what_can_not_be_is_refused_before_a_person_is_asked(caller, ran):
    with pytest.raises(Refused) as caught:
        gate.call(caller, "mark", {"service": "nothing"})
    assert caught.value.status == 400 and Approval.objects.count() == 0


def test_a_tool_that_needs_approval_can_not_be_registered_without_a_preview():
    def blind() -> None:
        """Shows nothing."""

    with pytest.raises(InvalidInput, match="preview"):
        tool(blind, risk="write")


def test_a_person_without_an_agent_is_held_by_their_own_role(everyone, ran):
    person = Caller(None, everyone["ana"].pk, frozenset({"read", "write"}))
    assert gate.call(person, "look", {"name": "api"}).result == {"seen": "api"}
    assert [one.name for one in gate.tools(person)] == ["look", "note"]
    assert AuditEntry.objects.filter(action="tool.call").get().object_id == str(everyone["ana"].pk)
