"""The policy as a page and as JSON, and what the providers page says of a provider that rests."""

import json

import pytest

from providers.models import AIServiceConfig
from tests.providers.gateway.test_gateway import KEY, MODEL, policy
from tests.providers.resilience.test_breaker import fail

PAGE, API = "/providers/policy/", "/api/v1/ai/config/"


def signed_in(client, user):
    client.force_login(user)
    return client


def patch(client, **fields):
    return client.patch(API, json.dumps(fields), content_type="application/json")


def test_the_configuration_is_one_json_object_with_money_as_text(client, people) -> None:
    told = signed_in(client, people["lee"]).get(API).json()
    assert (told["daily_cost_limit_usd"], told["per_request_cost_limit_usd"]) == ("100", "0.5")
    assert told["monthly_cost_limit_usd"] == "500"
    assert (told["is_enabled"], told["max_retries"], told["provider_health"]) == (True, 3, {})


def test_an_admin_changes_what_is_named_and_nothing_else(client, people) -> None:
    answer = patch(signed_in(client, people["mara"]), daily_cost_limit_usd="12.5", fallback_provider="claude")
    assert answer.status_code == 200
    assert answer.json()["daily_cost_limit_usd"] == "12.5"
    config = AIServiceConfig.get_instance()
    assert (str(config.daily_cost_limit_usd.normalize()), config.fallback_provider) == ("12.5", "claude")
    assert (config.max_retries, config.is_enabled) == (3, True)


@pytest.mark.parametrize("name", ["ivo", "ana", "lee"])
def test_only_an_admin_may_change_it(client, people, name) -> None:
    assert patch(signed_in(client, people[name]), is_enabled=False).status_code == 403
    assert AIServiceConfig.get_instance().is_enabled


@pytest.mark.parametrize(
    "fields",
    [
        {"daily_cost_limit_usd": "-1"},
        {"daily_cost_limit_usd": "NaN"},
        {"max_retries": 11},
        {"circuit_breaker_threshold": 0},
        {"fallback_provider": "no-such"},
        {"model_pricing": {"gpt": {"input": 1}}},
        {"model_pricing": "dear"},
        {"requests_per_minute": {"no-such": 3}},
        {"requests_per_minute": {"openai": 0}},
        {"max_retry": 3},
        {"provider_health": {}},
    ],
)
def test_what_can_not_be_is_refused_by_field_and_nothing_is_saved(client, people, fields) -> None:
    answer = patch(signed_in(client, people["mara"]), is_enabled=False, **fields)
    assert answer.status_code == 400
    assert next(iter(fields)) in json.dumps(answer.json())
    assert AIServiceConfig.get_instance().is_enabled


def form(**changes) -> dict[str, str]:
    fields = {
        "is_enabled": "true",
        "pause_on_budget_exceeded": "true",
        "retry_jitter": "true",
        "daily_cost_limit_usd": "20",
        "monthly_cost_limit_usd": "90",
        "per_request_cost_limit_usd": "0.25",
        "max_retries": "1",
        "model_pricing": '{"*": {"input": 1, "output": 2}}',
        "requests_per_minute": "",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def test_the_page_saves_its_form_switches_that_are_off_included(client, people) -> None:
    answer = signed_in(client, people["mara"]).post(PAGE, form(retry_jitter=None), HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer.headers.get("Location")) == (303, PAGE)
    config = AIServiceConfig.get_instance()
    assert (config.max_retries, config.log_prompts, config.is_enabled) == (1, False, True)
    assert config.model_pricing == {"*": {"input": 1, "output": 2}}
    page = client.get(PAGE, HTTP_ACCEPT="text/html").content.decode()
    assert "$0.00 of $20.00 today" in page


def test_a_wrong_form_is_shown_again_with_its_error(client, people) -> None:
    answer = signed_in(client, people["mara"]).post(PAGE, form(model_pricing="{nonsense"), HTTP_ACCEPT="text/html")
    assert answer.status_code == 400
    assert "This is not JSON" in answer.content.decode()


def test_who_may_not_change_it_sees_it_without_a_button(client, people) -> None:
    page = signed_in(client, people["lee"]).get(PAGE, HTTP_ACCEPT="text/html").content.decode()
    assert "Admins can change this." in page
    assert ">Save<" not in page


def test_a_provider_that_rests_says_so_and_a_reset_lets_it_go(client, openai, everyone) -> None:
    policy(max_retries=0, circuit_breaker_threshold=1)
    openai.script("500")
    fail(everyone["ivo"], 1)
    row = next(
        r
        for r in signed_in(client, everyone["mara"]).get("/api/v1/ai/providers/").json()["providers"]
        if r["slug"] == "openai"
    )
    assert row["state"] in {"resting", "working", "failing"}
    AIServiceConfig.objects.update(circuit_breaker_reset_minutes=11)
    from providers.models import AIProviderSettings

    AIProviderSettings.objects.update(openai_model=MODEL)
    page = client.get("/providers/", HTTP_ACCEPT="text/html").content.decode()
    assert "Resting, 11 m left" in page
    assert KEY not in page
    client.post("/providers/", {"do": "wake", "provider": "openai"}, HTTP_ACCEPT="text/html")
    assert "Resting" not in client.get("/providers/", HTTP_ACCEPT="text/html").content.decode()
