"""What is left on a provider's account: in the list when it is asked for, and on the page after it."""

import json

import pytest
from django.test import Client

from providers.configuration import balance, configure
from providers.models import AIServiceConfig
from providers.network import outbound
from tests.providers.configuration.keys_kit import API_TEST, CANARY, HTMX, LIST, PAGE, TEST, post_json

pytestmark = pytest.mark.django_db
PART = "/providers/balance/"
ODD = [
    {},
    {"balance_infos": []},
    {"balance_infos": [{"currency": "USD", "total_balance": "lots"}]},
    {"balance_infos": [{"currency": "USD", "total_balance": "1e99"}]},
    {"balance_infos": "x"},
    {"balance_infos": None},
]


@pytest.fixture(autouse=True)
def nothing_kept():
    balance._kept.clear()


@pytest.fixture
def both(upstream):
    """DeepSeek and OpenRouter on the fake upstream."""
    for slug in ("deepseek", "openrouter"):
        configure.save_provider(slug=slug, by="Mara", key=CANARY, base_url=upstream.url(slug))
    return upstream


def balances(client: Client, wish: str = "true") -> dict[str, dict | None]:
    answer = client.get(LIST, {"include_balance": wish})
    assert answer.status_code == 200
    return {row["slug"]: row.get("balance", "absent") for row in answer.json()["providers"]}


def test_both_tell_what_is_left_with_its_currency(mara, both):
    found = balances(mara)
    deepseek, openrouter = found["deepseek"], found["openrouter"]
    assert (deepseek["amount"], deepseek["currency"], deepseek["text"]) == ("110.00", "CNY", "¥110.00")
    assert (openrouter["amount"], openrouter["currency"], openrouter["text"]) == ("12.34", "USD", "$12.34")
    assert deepseek["error"] is None and deepseek["as_of"] and found["openai"] is None


@pytest.mark.parametrize("wish", ["", "false", "0"])
def test_nobody_is_asked_unless_it_is_wished(mara, both, wish):
    assert set(balances(mara, wish).values()) == {"absent"} and both.calls == []


def test_a_wish_that_is_none_is_a_sentence(mara):
    answer = mara.get(LIST, {"include_balance": "perhaps"})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "include_balance"


def test_deepseek_is_asked_at_its_root_whatever_its_base_url(mara, both):
    configure.save_provider(slug="deepseek", by="Mara", key=CANARY, base_url=f"{both.url('deepseek')}/v1")
    assert balances(mara)["deepseek"]["amount"] == "110.00"
    assert "/deepseek/user/balance" in [call.path for call in both.calls]


def test_an_ordinary_key_of_openrouter_tells_its_own_limit(mara, both):
    both.script("403", "ok")
    configure.clear_key(slug="deepseek", by="Mara")
    assert balances(mara)["openrouter"]["text"] == "$5.00"
    configure.save_provider(slug="openrouter", by="Mara", key="sk-unlimited", base_url=both.url("openrouter"))
    both.script("403", "ok")
    told = balances(mara)["openrouter"]
    assert (told["amount"], told["text"], told["error"]) == (None, "no limit, $1.25 used", None)


def test_it_is_asked_once_and_kept_until_another_key_is_saved(mara, both):
    for _ in range(3):
        balances(mara)
    assert len(both.calls) == 2
    configure.save_provider(slug="deepseek", by="Mara", key="sk-other")
    balances(mara)
    assert len(both.calls) == 3


@pytest.mark.parametrize("mode", ["500", "html", "empty", "reset", "redirect", "401", "429"])
def test_a_failure_is_a_sentence_in_its_row_and_the_list_stands(mara, both, mode):
    both.script(*[mode] * 4)
    found = balances(mara)
    for slug in ("deepseek", "openrouter"):
        assert found[slug]["amount"] is None and f"Provider {slug} failed:" in found[slug]["error"]
    assert CANARY not in json.dumps(found)


@pytest.mark.parametrize("body", ODD)
def test_an_answer_of_another_shape_is_a_sentence_too(mara, both, monkeypatch, body):
    from tests.fakes import balances as fake

    monkeypatch.setattr(fake, "DEEPSEEK", body)
    assert balances(mara)["deepseek"]["error"] == "Provider deepseek failed: its balance can't be read."


def test_an_upstream_that_hangs_costs_a_short_while(mara, both, monkeypatch):
    monkeypatch.setattr(balance, "ASK_SECONDS", 0.2)
    both.script("hang", "hang")
    assert "no whole answer within 0.2 seconds" in balances(mara)["deepseek"]["error"]


def test_a_balance_goes_through_the_guard(mara, both):
    outbound.configure([])
    found = balances(mara)
    assert "private" in found["deepseek"]["error"] and both.calls == []


def test_only_who_sees_spend_sees_balances_and_others_ask_nobody(lee, both):
    found = balances(lee)
    assert found["deepseek"]["amount"] is None and "admins and managers" in found["deepseek"]["error"]
    assert "balance-deepseek" not in lee.get(PAGE).content.decode() and both.calls == []
    assert lee.get(PART, {"provider": "deepseek"}, **HTMX).status_code == 403


def test_the_page_loads_it_afterwards_and_shows_what_it_knows(mara, both):
    before = mara.get(PAGE).content.decode()
    assert 'hx-get="/providers/balance/?provider=deepseek"' in before and both.calls == []
    part = mara.get(PART, {"provider": "deepseek"}, **HTMX).content.decode()
    assert "¥110.00 left" in part and "hx-get" not in part and "<html" not in part
    after = mara.get(PAGE).content.decode()
    assert "¥110.00 left" in after and 'hx-get="/providers/balance/?provider=deepseek"' not in after
    assert "¥110.00" in mara.get(PART, {"provider": "deepseek"}).content.decode()
    assert mara.get(PART, {"provider": "deepseek"}, HTTP_ACCEPT="application/json").json()["row"]["balance"][
        "fresh"
    ]


def test_who_tells_nothing_says_so(mara, both):
    assert "tells no balance" in mara.get(PART, {"provider": "openai"}).content.decode()
    assert mara.get(PART, {"provider": "nope"}).status_code == 400


def test_while_ai_is_switched_off_no_account_is_asked_and_no_key_is_tested(mara, both) -> None:
    AIServiceConfig(is_enabled=False).save()
    told = balances(mara)
    assert {slug for slug, one in told.items() if one and "AI is switched off" in one["error"]} == {
        "deepseek",
        "openrouter",
    }
    for path in (API_TEST, TEST, "/providers/models/"):
        answer = post_json(mara, path, {"provider": "deepseek"})
        assert answer.status_code == 503 and "AI is switched off" in answer.content.decode(), path
    assert both.calls == []
    AIServiceConfig(is_enabled=True).save()
    assert post_json(mara, API_TEST, {"provider": "deepseek"}).json()["ok"] is True
