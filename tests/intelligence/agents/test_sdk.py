"""The Python client outside of the sandbox: key, token, tools, approvals, against the real site."""

import threading

import pytest

from intelligence.agents import roster
from intelligence.agents.sdk import aiops
from intelligence.approval import approvals
from intelligence.models import Approval


@pytest.fixture
def key(everyone, tools, service):
    return roster.create(everyone["mara"], "nightwatch", "ivo", ["read", "write"])[1]


@pytest.fixture
def console(site, key):
    return aiops.Console(site.url, key)


def test_it_fetches_a_token_with_its_key_and_calls_what_it_may(console, ran):
    assert [tool["name"] for tool in console.tools()] == ["look", "mark", "note"]
    assert console.call("look", name="x") == {"seen": "x"} and ran == [("look", "x", "ivo")]
    assert "nightwatch" not in repr(console) and console._key not in repr(console)


def test_a_token_that_was_ended_is_fetched_anew_and_the_call_made_once(console, ran, everyone):
    from intelligence.models import Agent

    console.call("look", name="a")
    old = console._token
    Agent.objects.update(generation=2)
    assert console.call("look", name="b") == {"seen": "b"} and console._token != old
    assert [one[1] for one in ran] == ["a", "b"]


def test_refusals_are_errors_with_their_sentence_and_code(console, site):
    with pytest.raises(aiops.AiopsError, match="scope") as refused:
        console.call("wipe", service="checkout-api")
    assert refused.value.status == 403 and refused.value.code == "scope_missing"
    with pytest.raises(aiops.AiopsError) as wrong:
        console.call("look", name=7)
    assert wrong.value.status == 400
    with pytest.raises(aiops.AiopsError) as unknown:
        aiops.Console(site.url, "aiops_agent_nothing").tools()
    assert unknown.value.status == 401


def test_it_waits_until_a_person_has_decided(console, everyone, ran):
    answers = []
    caller = threading.Thread(target=lambda: answers.append(console.call("mark", service="checkout-api")))
    caller.start()
    asked = waiting_approval()
    approvals.decide(asked.pk, everyone["mara"], "approve", "go")
    caller.join(30)
    assert answers == [{"marked": "checkout-api"}] and len(ran) == 1


def waiting_approval():
    pause = threading.Event()
    for _ in range(400):
        if found := Approval.objects.filter(state="pending").first():
            return found
        pause.wait(0.05)
    raise AssertionError("nothing was asked for")


def test_a_no_and_no_answer_in_time_are_errors(console, everyone):
    with pytest.raises(aiops.AiopsError, match="waits for a person") as waits:
        console.call("mark", service="checkout-api", wait_s=0)
    assert waits.value.code == "approval_needed"
    approvals.decide(Approval.objects.get().pk, everyone["mara"], "deny", "no")
    with pytest.raises(aiops.ApprovalDenied):
        console.approved(str(Approval.objects.get().pk))


def test_without_an_address_or_with_a_strange_one_it_says_what_to_set(monkeypatch):
    for name in ("AIOPS_URL", "AIOPS_AGENT_KEY", "AIOPS_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    for console in (aiops.Console(), aiops.Console("ftp://x", "k"), aiops.Console("https://", "k")):
        with pytest.raises(aiops.AiopsError, match="AIOPS_URL"):
            console.tools()
    with pytest.raises(aiops.AiopsError, match="can't be reached"):
        aiops.Console("http://127.0.0.1:9", "k").tools()
