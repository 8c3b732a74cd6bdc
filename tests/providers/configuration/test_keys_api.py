"""The JSON twins of the providers page."""

import pytest
from django.test import Client

from providers.catalog import CATALOG, EXTRA
from providers.models import AIProviderSettings
from tests.providers.configuration.keys_kit import API_TEST, CANARY, LIST, PAGE, TEST, UPDATE, key, post_json

pytestmark = pytest.mark.django_db


def test_the_list_shows_every_provider_and_only_whether_a_key_is_there(lee):
    key("openai")
    rows = lee.get(LIST).json()["providers"]
    assert [row["slug"] for row in rows] == [row.slug for row in (*CATALOG, *EXTRA)]
    openai = next(row for row in rows if row["slug"] == "openai")
    assert openai == {
        "slug": "openai",
        "name": "OpenAI",
        "configured": True,
        "available": True,
        "source": "saved",
        "model": "gpt-6-luna",
        "base_url": "https://api.openai.com/v1",
        "state": "unused",
        "breaker": "closed",
        "last_success": None,
        "last_failure": None,
        "latency_ms": None,
        "error_rate": None,
    }


def test_a_partial_update_changes_what_it_names_alone(mara):
    key("openai")
    answer = post_json(
        mara, UPDATE, {"openai_api_key": "", "openai_model": "gpt-x", "mode": "solo", "senate_max_members": 3}
    )
    assert answer.status_code == 200
    row = AIProviderSettings.get_solo()
    assert (row.openai_api_key, row.openai_model, row.mode, row.senate_max_members) == (CANARY, "gpt-x", "solo", 3)
    assert row.senate_enabled is True


def test_null_clears_a_key(mara):
    key("openai")
    answer = post_json(mara, UPDATE, {"openai_api_key": None})
    assert AIProviderSettings.get_solo().openai_api_key == ""
    assert "is cleared" in answer.json()["notes"][0]["text"]


def test_a_changed_address_clears_the_key_through_the_api_too(mara):
    key("openai")
    answer = post_json(mara, UPDATE, {"openai_base_url": "https://proxy.example.com/v1"})
    assert answer.json()["notes"][0]["tone"] == "warn"
    assert AIProviderSettings.get_solo().openai_api_key == ""


@pytest.mark.parametrize(
    "body",
    [
        {"openai_apikey": "x"},
        {"id": 2},
        {"pk": 2},
        {"_state": {}},
        {"is_enabled": True},
        {"openai_api_key_encrypted": "x"},
        {"key_history": {}},
        {"colour_slots": {}},
        {"mode": "chaos"},
        {"senate_max_members": 0},
        {"senate_max_members": 10},
        {"senate_max_members": "many"},
        {"senate_enabled": "perhaps"},
        {"openai_api_key": 5},
        {"openai_api_key": ["x"]},
        {"openai_model": 5},
        {"openai_model": "a\nb"},
        {"openai_base_url": None},
        {"openai_base_url": "http://169.254.169.254/"},
        {"cloudflare_account_id": "../../x"},
        ["openai_api_key"],
        "text",
    ],
)
def test_what_the_api_does_not_know_or_take_is_400_and_changes_nothing(mara, body):
    key("openai")
    answer = post_json(mara, UPDATE, body)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "code", "param"}
    row = AIProviderSettings.objects.get()
    assert (row.pk, row.openai_api_key, row.mode, row.openai_base_url) == (1, CANARY, "auto", "")


@pytest.mark.parametrize("name", ["ivo", "ana", "lee"])
def test_only_admins_change_and_test(people, name):
    client = Client()
    client.force_login(people[name])
    for url, body in [(UPDATE, {"mode": "solo"}), (API_TEST, {"provider": "openai"}), (PAGE, {}), (TEST, {})]:
        assert post_json(client, url, body).status_code == 403, url
    assert AIProviderSettings.get_solo().mode == "auto"


def test_nobody_learns_anything_without_signing_in(people):
    assert Client().get(LIST).status_code == 401
    assert Client().get(PAGE).status_code == 302


def test_testing_a_key_through_the_api(mara, upstream):
    key("openai", base_url=upstream.openai_url)
    result = post_json(mara, API_TEST, {"provider": "openai"}).json()
    assert result["ok"] is True and result["error"] is None and result["model"] == "gpt-6-luna"
    assert result["latency_ms"] >= 0 and result["provider"] == "openai"


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("cloudflare", "Cloudflare has no key. Add"),
        ("groq", "Groq has no key. Add an API key in Settings > AI."),
        ("mock", "AI_ALLOW_MOCK=1"),
    ],
)
def test_what_can_not_be_tested_says_why(mara, slug, words):
    result = post_json(mara, API_TEST, {"provider": slug}).json()
    assert result["ok"] is False and words in result["error"]


def test_an_unknown_provider_is_named_in_the_error(mara):
    answer = post_json(mara, API_TEST, {"provider": "opnai"})
    assert answer.status_code == 400
    assert 'no provider "opnai"' in answer.json()["error"]["message"]


def test_mock_tests_well_where_it_is_allowed(mara, settings):
    settings.AI_ALLOW_MOCK = True
    assert post_json(mara, API_TEST, {"provider": "mock"}).json()["ok"] is True
