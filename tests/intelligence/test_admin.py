"""Django's admin: who analyses can be changed there without showing a key, everything else is shown."""

import json

import pytest

from intelligence.models import Deployment, IntelligenceProvider
from providers.models import AuditEntry

pytestmark = pytest.mark.django_db
CANARY = "canary-1f2e3d4c5b6a"
URL = "/admin/intelligence/intelligenceprovider/"


def form(**more):
    return {
        "name": "Team",
        "provider": "grok",
        "config_json": json.dumps({"api_key": CANARY}),
        "description": "",
    } | more


def test_a_provider_is_added_changed_activated_and_removed_and_its_key_never_comes_back(mara):
    assert mara.post(f"{URL}add/", form(is_active="on")).status_code == 302
    row = IntelligenceProvider.objects.get()
    assert row.config == {"api_key": CANARY} and row.is_active
    for page in (URL, f"{URL}{row.pk}/change/", f"{URL}{row.pk}/history/", f"{URL}{row.pk}/delete/"):
        answer = mara.get(page)
        assert answer.status_code == 200 and CANARY not in answer.content.decode()
    changed = json.dumps({"api_key": "set", "model": "m-2"})
    assert mara.post(f"{URL}{row.pk}/change/", form(config_json=changed)).status_code == 302
    row.refresh_from_db()
    assert row.config == {"api_key": CANARY, "model": "m-2"} and not row.is_active
    second = IntelligenceProvider.objects.create(name="Spare", provider="local", is_active=True)
    mara.post(URL, {"action": "activate", "_selected_action": [str(row.pk)]})
    assert list(IntelligenceProvider.objects.filter(is_active=True)) == [row]
    both = {"action": "activate", "_selected_action": [str(row.pk), str(second.pk)]}
    assert "a single provider is active" in mara.post(URL, both, follow=True).content.decode()
    mara.post(f"{URL}{row.pk}/delete/", {"post": "yes"})
    assert list(IntelligenceProvider.objects.all()) == [second]
    acts = list(
        AuditEntry.objects.filter(action__startswith="intelligence_provider").values_list("action", flat=True)
    )
    ends = ("add", "change", "activate", "remove")
    assert sorted(acts) == sorted(f"intelligence_provider.{end}" for end in ends)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"provider": "claude", "config_json": "{}"}, "Claude needs api_key"),
        ({"config_json": '{"api_key": "k", "host": "x"}'}, "Grok takes no"),
        ({"config_json": "[1]"}, "Give a JSON object"),
        ({"config_json": "not json"}, "Enter a valid JSON"),
        ({"provider": "nobody"}, "Select a valid choice"),
        ({"name": "Spare"}, "There is a provider with this name already."),
        ({"config_json": '{"api_key": "set", "base_url": "https://evil.example/v1"}'}, "Grok needs api_key"),
    ],
)
def test_what_cannot_be_saved_is_said_at_its_field(mara, given, words):
    IntelligenceProvider.objects.create(name="Spare", provider="local")
    row = IntelligenceProvider.objects.create(name="Team", provider="grok", config={"api_key": CANARY})
    answer = mara.post(f"{URL}{row.pk}/change/", form() | given)
    assert answer.status_code == 200 and words in answer.content.decode() and CANARY not in answer.content.decode()
    row.refresh_from_db()
    assert (row.name, row.config) == ("Team", {"api_key": CANARY})


def test_rows_of_work_are_shown_and_never_changed(mara, service):
    service.forge_token = CANARY
    service.save()
    one = Deployment.objects.create(service=service, status="FAILED")
    for model, pk in (("service", service.pk), ("deployment", one.pk)):
        url = f"/admin/intelligence/{model}/"
        for page in (url, f"{url}{pk}/change/"):
            answer = mara.get(page)
            assert answer.status_code == 200 and CANARY not in answer.content.decode()
        for act in ("add/", f"{pk}/delete/"):
            assert mara.get(url + act).status_code == mara.post(url + act, {"post": "yes"}).status_code == 403
        assert mara.post(f"{url}{pk}/change/", {"name": "x"}).status_code == 403
    assert Deployment.objects.count() == 1


def test_people_get_their_role_there_and_it_is_audited(mara, people):
    lee, engineers = people["lee"], people["ivo"].groups.get()
    url = f"/admin/auth/user/{lee.pk}/change/"
    fields = {"username": "lee", "is_active": "on", "groups": [engineers.pk]}
    assert mara.post(url, fields).status_code == 302
    assert list(lee.groups.values_list("name", flat=True)) == ["engineer"]
    assert AuditEntry.objects.filter(action__contains="role").exists()
    assert mara.post(f"/admin/auth/user/{lee.pk}/delete/", {"post": "yes"}).status_code == 403


def test_there_is_one_way_to_sign_in(client, people, mara):
    assert client.get("/admin/", follow=False)["Location"] == "/login/?next=/admin/"
    tried = client.post("/admin/login/", {"username": "mara", "password": "correct horse battery"})
    assert tried["Location"].startswith("/login/")
    client.force_login(people["ivo"])
    assert client.get("/admin/").status_code == 403
    assert mara.get("/admin/login/")["Location"] == "/admin/"
