"""Runs as JSON and as pages: who may, what is refused, what is shown."""

import pytest
from rest_framework.test import APIClient

from intelligence.agents import troubleshooter
from intelligence.models import AgentRun, Approval
from tests.fakes.scripted import calls, concludes

RUNS = "/api/v1/ops/agents/runs/"


@pytest.fixture
def as_user(everyone):
    def client(name):
        made = APIClient()
        made.force_authenticate(everyone[name])
        return made

    return client


def test_a_run_is_asked_for_followed_and_found_in_the_list(as_user, shop, failed, worked):
    ivo = as_user("ivo")
    asked = ivo.post(RUNS, {"question": "Why?", "service_id": str(shop.pk), "budget": {"steps": 6}}, format="json")
    assert asked.status_code == 202 and asked["Location"] == asked.json()["url"]
    one = ivo.get(asked["Location"]).json()
    assert (one["state"], one["open"], one["budget"]["steps"]) == ("queued", True, {"used": 0, "most": 6})
    worked(AgentRun.objects.get())
    done = ivo.get(asked["Location"]).json()
    assert done["state"] == "done" and done["evidence"] and done["steps"][1]["result"]["name"] == "checkout-api"
    assert [row["id"] for row in ivo.get(RUNS).json()["results"]] == [done["id"]]


BAD = {
    "no question": {},
    "an empty one": {"question": "  "},
    "markers alone": {"question": "<|im_start|>"},
    "a number": {"question": ["x"]},
    "too long": {"question": "x" * 4_001},
    "NUL": {"question": "a\0b"},
    "an unknown field": {"question": "x", "scopes": ["write"]},
    "an unknown service": {"question": "x", "service_id": "00000000-0000-4000-8000-000000000000"},
    "no id": {"question": "x", "service_id": "shop"},
    "no budget": {"question": "x", "budget": 7},
    "no step": {"question": "x", "budget": {"steps": 0}},
    "more steps than the site allows": {"question": "x", "budget": {"steps": 500}},
    "more money": {"question": "x", "budget": {"usd": "1000"}},
    "less than none": {"question": "x", "budget": {"usd": "-1"}},
    "no number": {"question": "x", "budget": {"usd": "NaN"}},
    "a strange budget": {"question": "x", "budget": {"tokens": 1}},
    "no yes or no": {"question": "x", "may_act": "perhaps"},
    "a list": [],
}


def test_what_can_not_be_asked_is_refused_in_a_sentence_and_makes_no_run(as_user, quiet, settings):
    settings.AI_ANALYSIS_RATE = "1000/min"
    ivo = as_user("ivo")
    for name, body in BAD.items():
        answer = ivo.post(RUNS, body, format="json")
        error = answer.json()["error"]
        assert answer.status_code in (400, 404) and error["message"] and error["type"], name
        assert "Traceback" not in error["message"], name
    half = ivo.post(RUNS, b'{"question": "a\\ud800b"}', content_type="application/json")
    assert half.status_code == 400 and AgentRun.objects.count() == 0


def test_managers_and_viewers_neither_ask_nor_read(as_user, everyone, quiet):
    run = troubleshooter.start(everyone["ivo"], "Why?")
    for name in ("ana", "lee"):
        client = as_user(name)
        assert client.post(RUNS, {"question": "x"}, format="json").status_code == 403
        assert client.get(f"{RUNS}{run.pk}/").status_code == 403
        assert client.post(f"{RUNS}{run.pk}/cancel/").status_code == 403
    assert as_user("mara").get(f"{RUNS}{run.pk}/").status_code == 200
    assert as_user("mara").get(f"{RUNS}00000000-0000-4000-8000-000000000000/").status_code == 404


def test_one_person_has_a_bounded_number_of_open_runs(as_user, everyone, quiet, monkeypatch):
    monkeypatch.setattr(troubleshooter, "MOST_OPEN", 1)
    assert as_user("ivo").post(RUNS, {"question": "x"}, format="json").status_code == 202
    refused = as_user("ivo").post(RUNS, {"question": "x"}, format="json")
    assert refused.status_code == 400 and refused.json()["error"]["code"] == "too_many_open"


def test_a_run_is_cancelled_once_and_for_all(as_user, everyone, worked):
    run = troubleshooter.start(everyone["ivo"], "Why?")
    first = as_user("ivo").post(f"{RUNS}{run.pk}/cancel/").json()
    assert (first["state"], first["reason"]) == ("cancelled", "Cancelled by ivo.")
    assert as_user("mara").post(f"{RUNS}{run.pk}/cancel/").json()["reason"] == "Cancelled by ivo."
    assert worked(run).state == "cancelled"
    assert as_user("ivo").post(f"{RUNS}{run.pk}/cancel/", {"x": 1}, format="json").status_code == 400


def test_the_page_shows_steps_results_and_evidence_and_escapes_what_came_from_outside(
    client, everyone, shop, failed, worked, model
):
    shop.name = "<script>alert(1)</script>"
    shop.save()
    model.says(
        calls(("get_service", {"service": shop.name}), says="<b>bold</b>"),
        concludes(
            "<img src=x onerror=alert(1)>", (f"/services/{shop.pk}/", "<i>says</i>"), ("javascript:alert(1)", "no")
        ),
    )
    run = worked(troubleshooter.start(everyone["ivo"], "<script>why</script>", shop))
    client.force_login(everyone["mara"])
    page = client.get(f"/agents/runs/{run.pk}/").content.decode()
    for raw in ("<script>alert", "<b>bold", "<img src=x", "<i>says", "<script>why", 'href="javascript'):
        assert raw not in page, raw
    assert f'href="/services/{shop.pk}/"' in page and "get_service" in page and "1 of 12" in page
    assert "&lt;script&gt;why" in client.get("/agents/runs/").content.decode()


def test_a_decision_is_made_inside_the_run_and_leads_back_to_it(client, everyone, shop, failed, worked, model):
    model.says(calls(("redeploy", {"service": "checkout-api"})), concludes("Done."))
    run = worked(troubleshooter.start(everyone["ivo"], "Deploy it.", shop, may_act=True))
    here, asked = f"/agents/runs/{run.pk}/", Approval.objects.get()
    client.force_login(everyone["ivo"])
    assert "somebody else decides" in client.get(here).content.decode()
    client.force_login(everyone["mara"])
    page = client.get(here).content.decode()
    assert f'action="/approvals/{asked.pk}/"' in page and f'value="{here}"' in page
    form = {"decision": "approve", "reason": "go", "csrfmiddlewaretoken": "x"}
    assert client.post(f"/approvals/{asked.pk}/", form | {"back": here}).headers["Location"] == here
    assert worked(run).state == "done"
    assert 'value="approve"' not in client.get(here).content.decode()


def test_a_decision_leads_nowhere_but_to_runs(client, everyone, shop, failed, worked, model):
    model.says(calls(("redeploy", {"service": "checkout-api"})), concludes("Done."))
    worked(troubleshooter.start(everyone["ivo"], "Deploy it.", shop, may_act=True))
    asked = Approval.objects.get()
    client.force_login(everyone["mara"])
    form = {"decision": "deny", "back": "https://evil.example/agents/runs/00000000-0000-4000-8000-000000000000/"}
    assert client.post(f"/approvals/{asked.pk}/", form).headers["Location"] == f"/approvals/{asked.pk}/"


def test_a_form_that_can_not_be_used_keeps_its_words_and_says_why(client, everyone, quiet):
    client.force_login(everyone["ivo"])
    answer = client.post("/agents/runs/", {"question": "y" * 4_001, "service_id": "", "csrfmiddlewaretoken": "x"})
    assert answer.status_code == 400 and "4000" in answer.content.decode().replace(",", "")
    made = client.post("/agents/runs/", {"question": "Why?", "service_id": "", "csrfmiddlewaretoken": "x"})
    assert made.status_code == 302 and made.headers["Location"] == f"/agents/runs/{AgentRun.objects.get().pk}/"
    assert "A worker takes it within seconds" in client.get(made.headers["Location"]).content.decode()
    client.post(made.headers["Location"] + "cancel/")
    assert "Cancelled by ivo." in client.get(made.headers["Location"]).content.decode()
