"""`/agents/` as people see it: the list, making one, its key once, a new key, revoking, the kill switch."""

import pytest
from django.test import Client

from intelligence.agents import gate, roster
from intelligence.models import Agent, AgentKey, AgentStop, Approval
from providers.access.identity import digest

pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture
def as_page(everyone):
    def client(name: str) -> Client:
        made = Client()
        made.force_login(everyone[name])
        return made

    return client


def test_an_admin_makes_an_agent_and_sees_its_key_once(as_page, everyone):
    form = {"name": "night<b>watch", "owner": "ivo", "scopes": ["read", "things:write"]}
    made = as_page("mara").post("/agents/", form)
    assert made.status_code == 201
    key = made.content.decode().split('<div class="secret"><code>')[1].split("</code>")[0]
    assert AgentKey.objects.get().digest == digest(key)
    assert "night&lt;b&gt;watch" in made.content.decode() and "night<b>watch" not in made.content.decode()
    again = as_page("mara").get("/agents/")
    assert key not in again.content.decode() and "things:write" in again.content.decode()
    assert as_page("ivo").post("/agents/", form).status_code == 403


def test_a_wrong_form_is_shown_again_with_sentences_and_values(as_page):
    answer = as_page("mara").post("/agents/", {"name": "", "scopes": ["read"], "owner": "nobody"})
    assert answer.status_code == 400 and Agent.objects.count() == 0
    answer = as_page("mara").post("/agents/", {"name": "watch", "owner": "nobody", "scopes": ["read"]})
    shown = answer.content.decode()
    assert "There is no such active user." in shown and 'value="watch"' in shown and Agent.objects.count() == 0


def test_its_page_tells_what_it_did_and_asked_for(as_page, agent, caller, service):
    gate.call(caller, "look", {"name": "api"})
    with pytest.raises(gate.Refused):
        gate.call(caller, "look", {"name": 5})
    asked = gate.call(caller, "mark", {"service": "checkout-api"}).approval_id
    shown = as_page("lee").get(f"/agents/{agent.pk}/").content.decode()
    assert "look" in shown and "Mark checkout-api" in shown and "Refused" in shown
    assert f"/approvals/{asked}/" in shown and "All in the audit log" not in shown and "New key" not in shown
    assert f"object=agent%3A{agent.pk}" in as_page("ana").get(f"/agents/{agent.pk}/").content.decode()
    card = as_page("mara").get(f"/approvals/{asked}/").content.decode()
    assert "What it would change" in card and f"/agents/{agent.pk}/" in card and "nightwatch (agent)" in card
    told = as_page("lee").get(f"/agents/{agent.pk}/", HTTP_ACCEPT="application/json").json()
    assert [(one["action"], one["outcome"]) for one in told["did"]] == [
        ("tool.refuse", "refused"),
        ("tool.call", "done"),
    ]


def test_a_new_key_is_shown_once_and_revoking_wants_the_name(as_page, agent, everyone):
    page = f"/agents/{agent.pk}/"
    made = as_page("ivo").post(f"{page}rotate/", {}).content.decode()
    key = made.split('<div class="secret"><code>')[1].split("</code>")[0]
    assert (
        AgentKey.objects.filter(digest=digest(key)).exists()
        and key not in as_page("ivo").get(page).content.decode()
    )
    assert as_page("ivo").post(f"{page}revoke/", {"typed": "else"}).status_code == 400
    assert as_page("lee").post(f"{page}revoke/", {"typed": agent.name}).status_code == 403
    assert as_page("ivo").post(f"{page}revoke/", {"typed": agent.name})["Location"] == page
    agent.refresh_from_db()
    assert not agent.active and "Revoked" in as_page("ivo").get(page).content.decode()


def test_the_kill_switch_is_a_banner_that_only_an_admin_lifts(as_page, agent, everyone):
    assert as_page("lee").post("/agents/stop/", {"reason": "x"}).status_code == 403
    assert as_page("ivo").post("/agents/stop/", {"reason": "x"}).status_code == 400
    assert not AgentStop.objects.exists()
    as_page("ivo").post("/agents/stop/", {"reason": "it <i>loops", "typed": "stop"})
    assert AgentStop.objects.get().stopped
    elsewhere = as_page("lee").get("/services/").content.decode()
    assert "All agents stopped by ivo" in elsewhere and "it &lt;i&gt;loops" in elsewhere
    engineers, admins = (as_page(name).get("/agents/").content.decode() for name in ("ivo", "mara"))
    assert "All agents are stopped" in engineers and "it &lt;i&gt;loops" in engineers
    assert "Let them work again" not in engineers and "Let them work again" in admins
    assert as_page("ivo").post("/agents/stop/", {"stopped": "0"}).status_code == 403
    as_page("mara").post("/agents/stop/", {"stopped": "0"})
    assert not AgentStop.objects.get().stopped


def test_an_empty_site_says_what_an_agent_is(as_page):
    assert "No agent yet" in as_page("lee").get("/agents/").content.decode()
    assert Approval.objects.count() == 0 and roster.named("nobody") is None
