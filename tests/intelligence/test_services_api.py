import pytest

from intelligence.models import Deployment, Service

pytestmark = pytest.mark.django_db
CANARY = "canary-4f5e6d7c8b9a"


def test_a_service_is_added_with_its_secrets_never_shown(as_user):
    secrets = {"forge_token": CANARY, "deploy_hook_url": f"https://hooks.example.org/?key={CANARY}"}
    body = {"name": "billing", "repository_url": "https://git.example.org/team/billing.git", **secrets}
    made = as_user("ivo").post("/api/v1/services/", body, format="json")
    assert made.status_code == 201
    assert sorted(made.json()["secrets_saved"]) == ["deploy_hook_url", "forge_token"]
    assert Service.objects.get().forge_token == CANARY
    for name in ("ivo", "mara", "ana", "lee"):
        for url in ("/api/v1/services/", made.json()["url"]):
            assert CANARY not in as_user(name).get(url).content.decode()


def test_a_new_repository_address_without_the_token_clears_it(as_user, service):
    ivo, url = as_user("ivo"), f"/api/v1/services/{service.pk}/"
    ivo.patch(url, {"repository_url": "https://a.example.org/x.git", "forge_token": CANARY}, format="json")
    assert ivo.patch(url, {"health_url": "https://a.example.org/"}, format="json").json()["secrets_saved"]
    moved = ivo.patch(url, {"repository_url": "https://evil.example.org/x.git"}, format="json")
    assert moved.json()["secrets_saved"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("repository_url", "file:///etc/passwd"),
        ("repository_url", "ext::sh -c id"),
        ("repository_url", "https://user:pass@git.example.org/x.git"),
        ("default_branch", "--upload-pack=x"),
        ("default_branch", "a..b"),
        ("deployer", "ssh"),
        ("name", ""),
        ("name", "<script>"),
        ("owner", "nobody-here"),
        ("pk", 2),
    ],
)
def test_fields_that_cannot_be_used_are_refused_by_name(as_user, service, field, value):
    answer = as_user("ivo").patch(f"/api/v1/services/{service.pk}/", {field: value}, format="json")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field


def test_a_taken_name_is_refused_whatever_its_case(as_user, service):
    answer = as_user("ivo").post("/api/v1/services/", {"name": "Checkout-API"}, format="json")
    assert answer.status_code == 400 and "name" in answer.json()["error"]["message"]


def test_a_deployment_that_happened_elsewhere_is_recorded_with_its_log(as_user, service):
    ivo = as_user("ivo")
    body = {"status": "FAILED", "commit": "a41f9c2", "branch": "main", "log": "one\ntwo\n"}
    made = ivo.post(f"/api/v1/services/{service.pk}/deployments/", body, format="json")
    assert made.status_code == 201 and made.json()["status"] == "FAILED" and made.json()["finished_at"]
    log = f"/api/v1/deployments/{made.json()['id']}/logs/"
    assert ivo.post(log, {"log": "three"}, format="json").json() == {"log_bytes": 13, "log_lines": 3}
    assert ivo.get(log, {"first": 2}).json() == {"first": 2, "lines": ["two", "three"], "total": 3}
    assert ivo.get(f"/api/v1/services/{service.pk}/").json()["state"] == "FAILED"


def test_without_a_status_the_service_needs_a_deployer(as_user, service):
    ivo, url = as_user("ivo"), f"/api/v1/services/{service.pk}/deployments/"
    assert ivo.post(url, {}, format="json").json()["error"]["code"] == "no_deployer"
    Service.objects.update(deployer="local")
    made = ivo.post(url, {"branch": "next"}, format="json")
    assert made.status_code == 202 and made.json()["status"] == "QUEUED" and made.json()["branch"] == "next"


def test_a_deployment_goes_forward_only(as_user, service):
    ivo = as_user("ivo")
    deployment = Deployment.objects.create(service=service)
    url = f"/api/v1/deployments/{deployment.pk}/"
    for status in ("BUILDING", "HEALTH_CHECK", "HEALTH_CHECK", "RUNNING"):
        assert ivo.patch(url, {"status": status}, format="json").json()["status"] == status
    assert ivo.patch(url, {"status": "BUILDING"}, format="json").status_code == 400
    died = ivo.patch(url, {"status": "FAILED", "reason": "It died."}, format="json").json()
    assert (died["failed_in"], died["reason"]) == ("RUNNING", "It died.")


def test_a_stored_provider_key_in_a_log_is_masked(as_user, service, people):
    from providers.models import AIProviderSettings

    row = AIProviderSettings.get_solo()
    row.mistral_api_key = CANARY
    row.save()
    ivo = as_user("ivo")
    body = {"status": "FAILED", "log": f"MISTRAL_API_KEY={CANARY}\n"}
    made = ivo.post(f"/api/v1/services/{service.pk}/deployments/", body, format="json")
    shown = ivo.get(f"/api/v1/deployments/{made.json()['id']}/logs/").json()
    assert CANARY not in str(shown) and "••••" in str(shown)


@pytest.mark.parametrize("name", ["health_url", "repository_url", "forge_api_url", "deploy_hook_url"])
def test_an_address_inside_is_refused_when_it_is_saved(as_user, service, name):
    inside = ["http://127.0.0.1:22/", "http://169.254.169.254/latest", "http://2130706433/", "https://[::1]/",
              "http://10.0.0.1/", "http://metadata.google.internal/", "http://plain.example.org/"]  # fmt: skip
    for url in inside:
        answer = as_user("ivo").patch(f"/api/v1/services/{service.pk}/", {name: url}, format="json")
        assert answer.status_code == 400 and answer.json()["error"]["param"] == name, url
    service.refresh_from_db()
    assert getattr(service, name) == ""


def test_a_log_may_hold_any_character_and_is_text(as_user, service):
    ivo = as_user("ivo")
    body = {"status": "BUILDING", "log": "a\x00b \u202e\n"}
    made = ivo.post(f"/api/v1/services/{service.pk}/deployments/", body, format="json").json()
    assert ivo.post(f"/api/v1/deployments/{made['id']}/logs/", {"log": "\x00\n"}, format="json").status_code == 200
    lines = ivo.get(f"/api/v1/deployments/{made['id']}/logs/").json()["lines"]
    assert lines == ["a\ufffdb \u202e", "\ufffd"]
    found = ivo.post(
        "/api/v1/ai/analyze_logs/", {"log": "\x00ModuleNotFoundError: No module named 'x'\n"}, format="json"
    )
    assert found.json()["primary"] == "MISSING_MODULE"
    for wrong in (5, ["a"], {"a": 1}, None, True):
        answer = ivo.post(f"/api/v1/deployments/{made['id']}/logs/", {"log": wrong}, format="json")
        assert answer.status_code == 400 and answer.json()["error"]["param"] == "log"
