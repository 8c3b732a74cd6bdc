"""What a chat request would cost: the same figures as the bill's bound, without a call."""

import json
from decimal import Decimal

from django.test import Client

from providers.models import AIProviderSettings, AIServiceConfig, AIUsageLog, UserAICap

URL = "/api/v1/ai/cost-estimate/"
MODEL = "gpt-6-luna"


def estimate(client, user, **body):
    client.force_login(user)
    given = {"messages": [{"role": "user", "content": "Why is my deploy stuck?"}], **body}
    return client.post(URL, json.dumps(given), content_type="application/json")


def keyed(upstream) -> None:
    row = AIProviderSettings.get_solo()
    row.openai_api_key, row.openai_base_url = "sk-test-key-of-the-estimate", upstream.openai_url
    row.save()


def test_a_solo_request_is_priced_before_it_is_made(client, upstream, asker) -> None:
    keyed(upstream)
    told = estimate(client, asker, model=f"openai/{MODEL}", max_tokens=800).json()
    assert (told["mode"], told["calls"], told["max_output_tokens"]) == ("solo", 1, 800)
    assert 0 < Decimal(told["expected_cost_usd"]) <= Decimal(told["max_cost_usd"])
    assert (told["price_source"], told["allowed"], told["reason"]) == ("genai-prices", True, "")
    assert upstream.calls == []
    assert not AIUsageLog.objects.exists()


def test_who_is_signed_in_asks_with_the_token_of_the_page_and_not_without(upstream, asker, settings) -> None:
    keyed(upstream)
    browser = Client(enforce_csrf_checks=True)
    assert estimate(browser, asker).status_code == 403
    browser.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    browser.defaults["HTTP_X_CSRFTOKEN"] = "a" * 32
    assert estimate(browser, asker).status_code == 200


def test_over_the_cap_it_is_not_allowed_and_says_why(client, upstream, asker) -> None:
    keyed(upstream)
    UserAICap.objects.create(user=asker, daily_token_cap=10)
    told = estimate(client, asker, model=f"openai/{MODEL}").json()
    assert not told["allowed"]
    assert "your daily cap" in told["reason"]


def test_over_the_sites_limits_it_is_not_allowed_either(client, upstream, asker) -> None:
    keyed(upstream)
    config = AIServiceConfig.get_instance()
    config.per_request_cost_limit_usd = Decimal("0.00001")
    config.save()
    assert "limit" in estimate(client, asker, model=f"openai/{MODEL}").json()["reason"]
    config.is_enabled = False
    config.save()
    assert "switched off" in estimate(client, asker, model=f"openai/{MODEL}").json()["reason"]


def test_a_committee_is_priced_whole(client, committee, asker) -> None:
    told = estimate(client, asker, model="senate").json()
    assert (told["mode"], told["calls"]) == ("senate", 11)


def test_an_unknown_price_and_a_broken_body_are_refused(client, upstream, asker) -> None:
    keyed(upstream)
    assert estimate(client, asker, model="openai/no-such-model").json()["error"]["code"] == "price_unknown"
    assert estimate(client, asker, messages=[]).status_code == 400


def test_tools_and_a_format_are_priced_as_they_will_be_reserved(client, upstream, asker) -> None:
    keyed(upstream)
    tool = {"type": "function", "function": {"name": "get_time", "description": "What time it is. " * 20}}
    plain = estimate(client, asker, model=f"openai/{MODEL}").json()
    told = estimate(client, asker, model="auto", tools=[tool]).json()
    assert told["mode"] == "solo" and told["input_tokens"] > plain["input_tokens"] + 1_000
    call = {"id": "c1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "What time is it?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "noon"},
    ]
    assert estimate(client, asker, model="openai", messages=turns, tools=[tool]).json()["allowed"]
    refused = estimate(client, asker, model="senate", messages=turns, tools=[tool])
    assert refused.status_code == 400
    assert "are for one model" in refused.json()["error"]["message"]
