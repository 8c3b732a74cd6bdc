"""The pages of incidents, analyses and who analyses: three clothes, forms, honest empty states."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from intelligence import analyst
from intelligence.analysis import incidents
from intelligence.analysis.incidents import Sight
from intelligence.models import AnalysisRun, IntelligenceProvider, Recommendation
from providers.models import AIServiceConfig
from tests.intelligence.test_analyze_api import LOG

pytestmark = pytest.mark.django_db
CANARY = "canary-77aa66bb55cc"
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def page(people):
    def client(name):
        made = Client()
        made.force_login(people[name])
        return made

    return client


@pytest.mark.parametrize("path", ["/incidents/", "/analyses/", "/providers/analysis/"])
def test_every_role_gets_page_fragment_and_json_of_an_empty_site(page, path):
    for name in ("mara", "ivo", "ana", "lee"):
        whole = page(name).get(path)
        assert whole.status_code == 200 and "<html" in whole.content.decode()
        fragment = page(name).get(path, HTTP_HX_REQUEST="true").content.decode()
        assert "<html" not in fragment and "<div" in fragment
        assert page(name).get(path, **JSON).json()["errors"] == {}
    if path == "/incidents/":
        assert "All quiet." in whole.content.decode()


def test_what_is_empty_names_one_next_step(page):
    rooms = "incidents/ analyses/ jules/ approvals/ agents/ agents/runs/".split()
    parts = "incidents/?state=snoozed incidents/?severity=high jules/?state=failed approvals/?tab=decided".split()
    for path in (f"/{one}" for one in rooms + parts):
        empty = page("mara").get(path).content.decode().split('<div class="empty">')[1:]
        assert empty and all(one.split("</div>")[0].count('class="button"') == 1 for one in empty), path


def test_pasted_lines_lead_to_their_analysis_and_its_answer_escapes_what_the_log_says(page):
    hostile = LOG.replace("oauthlib'\n", "oauthlib' <script>alert(1)</script>\n")
    made = page("ivo").post("/analyses/", {"log": hostile, "mode": "rules"})
    assert made.status_code == 303
    run = AnalysisRun.objects.get()
    waiting = page("lee").get(made["Location"]).content.decode()
    assert "Waiting for a worker" in waiting and 'hx-trigger="every 1s"' in waiting
    analyst.perform(run.pk)
    shown = page("lee").get(made["Location"]).content.decode()
    assert "every 1s" not in shown and "Local rules" in shown and "MISSING_MODULE" in shown
    assert "<script>alert" not in shown and "&lt;script&gt;alert" in shown


def test_a_log_that_is_read_says_that_a_model_is_asked_and_only_where_one_may_be(page):
    for mode, title in (("rules", ">Reading<"), ("hybrid", ">Asking a model<"), ("ai", ">Asking a model<")):
        run = AnalysisRun.objects.create(mode=mode, state="running", log_bytes=94, read_bytes=94, read_lines=3)
        assert title in page("lee").get(f"/analyses/{run.pk}/").content.decode(), mode


def test_a_file_is_uploaded_and_a_packed_or_empty_one_is_refused_with_the_form(page):
    ivo = page("ivo")
    ivo.post("/analyses/", {"file": SimpleUploadedFile("ci.log", LOG.encode() * 4_000), "mode": "rules"})
    run = AnalysisRun.objects.get()
    analyst.perform(run.pk)
    run.refresh_from_db()
    assert run.title == "ci.log" and run.result["primary"] == "MISSING_MODULE" and run.chunks.count() > 1
    assert run.read_bytes == run.log_bytes == len(LOG) * 4_000
    for given in (SimpleUploadedFile("a.zip", b"PK\x03\x04rest"), SimpleUploadedFile("a.log", b"")):
        answer = ivo.post("/analyses/", {"file": given, "mode": "rules"})
        assert answer.status_code == 400 and "Analyse a log" in answer.content.decode()
    assert AnalysisRun.objects.count() == 1


def test_a_recommendation_is_decided_on_its_page_and_an_analysis_is_reviewed_by_somebody(page):
    page("ivo").post("/analyses/", {"log": LOG, "mode": "rules"})
    run = AnalysisRun.objects.get()
    analyst.perform(run.pk)
    first = Recommendation.objects.order_by("n")[0]
    answer = page("ivo").post(f"/recommendations/{first.pk}/", {"state": "rejected", "why": "not ours"})
    assert answer["Location"] == f"/analyses/{run.pk}/#r-{first.pk}"
    for name in ("ivo", "mara"):
        page(name).post(f"/analyses/{run.pk}/review/")
    shown = page("lee").get(f"/analyses/{run.pk}/", **JSON).json()
    assert shown["reviewed_by"] == "ivo" and shown["recommendations"][0]["state"] == "rejected"


def test_an_incident_shows_its_history_and_takes_decisions(page, service):
    found, _ = incidents.note(service, Sight("OOM_KILLED", "Killed.", "java", "high"))
    ivo = page("ivo")
    assert "OOM_KILLED" in ivo.get("/incidents/").content.decode()
    assert "Incidents, 1 open" in ivo.get("/").content.decode()
    shown = ivo.get(f"/incidents/{found.pk}/").content.decode()
    assert "daybars" in shown and "Snooze a day" in shown
    ivo.post(f"/incidents/{found.pk}/", {"state": "dismissed", "why": "a test"})
    assert "a test" in ivo.get(f"/incidents/{found.pk}/").content.decode()
    assert "OOM_KILLED" not in ivo.get("/incidents/", HTTP_HX_REQUEST="true").content.decode().split("<section")[1]


def test_providers_are_added_activated_and_removed_and_no_key_is_ever_shown(page, as_user):
    mara = page("mara")
    for name in ("One", "Two"):
        fields = {
            "act": "add",
            "name": name,
            "provider": "claude",
            "config_api_key": CANARY,
            "config_model": "m-1",
        }
        assert mara.post("/providers/analysis/", fields).status_code == 303
    one, two = IntelligenceProvider.objects.order_by("name")
    assert one.config == {"api_key": CANARY, "model": "m-1"}
    for row in (one, two):
        mara.post("/providers/analysis/", {"act": "activate", "id": row.pk})
    assert list(IntelligenceProvider.objects.filter(is_active=True)) == [two]
    for answer in (mara.get("/providers/analysis/"), mara.get(f"/providers/analysis/?edit={one.pk}"),
                   mara.get("/audit/"), as_user("lee").get("/api/v1/intelligence/providers/")):  # fmt: skip
        assert answer.status_code == 200 and CANARY not in answer.content.decode()
    saved = {"act": "save", "id": one.pk, "name": "One", "provider": "claude", "config_api_key": ""}
    mara.post("/providers/analysis/", saved | {"config_model": "m-2"})
    one.refresh_from_db()
    assert one.config == {"api_key": CANARY, "model": "m-2"}
    mara.post("/providers/analysis/", {"act": "remove", "id": one.pk})
    assert IntelligenceProvider.objects.get() == two


def test_the_column_is_encrypted_as_one_value(page):
    from django.db import connection

    IntelligenceProvider.objects.create(name="x", provider="grok", config={"api_key": CANARY})
    with connection.cursor() as cursor:
        cursor.execute("SELECT config FROM intelligence_intelligenceprovider")
        raw = cursor.fetchone()[0]
    assert CANARY not in raw and raw.startswith("gAAAA")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": "a", "provider": "nobody"}, "provider"),
        ({"name": "a", "provider": "claude"}, "config"),
        (
            {"name": "a", "provider": "claude", "config": {"api_key": "k", "base_url": "https://x.example"}},
            "config",
        ),
        ({"name": "a", "provider": "ollama", "config": {"api_key": "k"}}, "config"),
        ({"name": "a", "provider": "grok", "config": {"api_key": "k", "max_tokens": "many"}}, "config"),
        ({"name": "a", "provider": "grok", "config": {"api_key": ["k"]}}, "config"),
        ({"name": "a", "provider": "local", "key": 1}, "key"),
        ({"name": "a", "provider": "ollama", "config": {"host": "http://169.254.169.254/"}}, "config"),
        (
            {"name": "a", "provider": "grok", "config": {"api_key": "k", "base_url": "http://10.0.0.1/v1"}},
            "config",
        ),
    ],
)
def test_what_a_driver_does_not_take_is_refused_by_name(as_user, body, param):
    answer = as_user("mara").post("/api/v1/intelligence/providers/", body, format="json")
    assert answer.status_code == 400 and answer.json()["error"]["param"] == param


def test_a_saved_key_never_goes_to_another_address(as_user):
    body = {"name": "g", "provider": "grok", "config": {"api_key": CANARY, "base_url": "https://a.example/v1"}}
    made = as_user("mara").post("/api/v1/intelligence/providers/", body, format="json").json()
    url = f"/api/v1/intelligence/providers/{made['id']}/"
    moved = as_user("mara").patch(url, {"config": {"base_url": "https://b.example/v1"}}, format="json")
    assert moved.status_code == 400 and "api_key" in moved.json()["error"]["message"]
    kept = as_user("mara").patch(url, {"config": {"base_url": "https://a.example/v1"}}, format="json").json()
    assert kept["config"]["api_key"] == "set"
    assert as_user("mara").delete(url).status_code == 204


def test_only_admins_change_who_analyses(as_user):
    for name in ("ivo", "ana", "lee"):
        body = {"name": "a", "provider": "local"}
        assert as_user(name).post("/api/v1/intelligence/providers/", body, format="json").status_code == 403


def test_what_asking_costs_stands_beside_the_modes(page):
    told = page("ivo").get("/analyses/", **JSON).json()
    assert [mode["price"] for mode in told["modes"]] == ["", "", ""], "nobody is asked"
    config = {"api_key": CANARY, "model": "nobody-sells-this"}
    IntelligenceProvider.objects.create(name="Team", provider="grok", config=config, is_active=True)
    for prices, shown in (({}, "unknown price"), ({"*": {"input": 1, "output": 2}}, "≈ $0.004")):
        AIServiceConfig.objects.update_or_create(pk=1, defaults={"model_pricing": prices})
        told = page("ivo").get("/analyses/", **JSON).json()
        rules, hybrid, ai = (mode["price"] for mode in told["modes"])
        assert rules == "" and hybrid == ai and ai.startswith(shown)
        assert shown in page("ivo").get("/analyses/").content.decode()
