"""The endpoints of the provider layer, field by field as they are promised, and the clothes of their pages."""

import pytest
from django.test import Client

from providers.configuration import configure
from tests.providers.configuration.keys_kit import API_TEST, CANARY, HTMX, LIST, key, post_json

pytestmark = pytest.mark.django_db
TESTED = {"ok", "provider", "model", "latency_ms", "error"}
LISTED = {"slug", "name", "configured", "source", "model", "base_url", "state"}
LIVE = {"available", "breaker", "last_success", "last_failure", "latency_ms", "error_rate"}
PAGES = ["/providers/", "/providers/senate/", "/providers/policy/", "/providers/analysis/"]


@pytest.mark.parametrize("case", ["good", "refused", "no key", "away"])
def test_a_key_test_answers_these_five_fields_whatever_happens(mara, upstream, case) -> None:
    if case != "no key":
        configure.save_provider(
            slug="openai", by="Mara", key="bad" if case == "refused" else CANARY, base_url=upstream.openai_url
        )
    upstream.script(*["500" if case == "away" else ""])
    answer = post_json(mara, API_TEST, {"provider": "openai"})
    said = answer.json()
    assert answer.status_code == 200 and set(said) == TESTED
    assert (said["ok"], said["provider"], said["model"]) == (case == "good", "openai", "gpt-6-luna")
    assert isinstance(said["latency_ms"], int) and (said["error"] is None) == (case == "good")


def test_the_list_has_its_seven_fields_and_what_is_live(mara) -> None:
    key("openai")
    for row in mara.get(LIST).json()["providers"]:
        assert set(row) == LISTED | LIVE, row["slug"]


def test_the_breaker_of_a_provider_is_told_with_its_state(mara) -> None:
    from providers.models import ProviderBreaker
    from providers.runtime.clock import now

    key("openai")
    ProviderBreaker.objects.create(provider="openai", model="m", failures=5, reason="fault", opened_at=now())
    row = next(row for row in mara.get(LIST).json()["providers"] if row["slug"] == "openai")
    assert (row["state"], row["breaker"]) == ("resting", "open")


@pytest.mark.parametrize("path", PAGES)
def test_every_providers_page_has_three_clothes_and_crumbs_of_settings(mara, lee, path) -> None:
    for client in (mara, lee):
        page = client.get(path)
        text = page.content.decode()
        assert page.status_code == 200 and "<html" in text
        assert text.index("Settings") < text.index("<h1")
        part = client.get(path, **HTMX).content.decode()
        assert "<html" not in part and part.strip()
        data = client.get(path, HTTP_ACCEPT="application/json")
        assert [crumb["label"] for crumb in data.json()["crumbs"]][:2] == ["Settings", "AI"]
        for answer in (page, data):
            assert {"Accept", "HX-Request"} <= {name.strip() for name in answer["Vary"].split(",")}


def test_a_change_is_the_same_in_all_three_clothes(mara) -> None:
    for number, clothes in enumerate(({}, HTMX, {"HTTP_ACCEPT": "application/json"})):
        answer = mara.post("/providers/", {"openai_model": f"m{number}"}, **clothes)
        assert answer.status_code == (303 if number == 0 else 200)
        row = next(row for row in mara.get(LIST).json()["providers"] if row["slug"] == "openai")
        assert row["model"] == f"m{number}"
        bad = mara.post("/providers/", {"openai_base_url": "http://10.0.0.1"}, **clothes)
        assert bad.status_code == 400 and "AI_PRIVATE_HOSTS=10.0.0.1:80" in bad.content.decode()


def test_a_body_that_is_no_object_is_one_error_in_the_promised_shape(mara) -> None:
    for path in (API_TEST, "/api/v1/ai/providers/update/"):
        for body in (
            "[]",
            '"x"',
            "{",
            "null",
            '{"provider": null}',
            '{"provider": ["openai"]}',
        ):
            answer = mara.post(path, body, content_type="application/json")
            assert answer.status_code == 400, (path, body)
            assert set(answer.json()["error"]) == {"message", "type", "code", "param"}


def test_who_is_not_signed_in_gets_401_in_json_and_the_sign_in_page_else() -> None:
    assert Client().get(LIST).json()["error"]["code"] == "not_authenticated"
    assert Client().get("/providers/")["Location"].startswith("/login/")
