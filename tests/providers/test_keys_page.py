"""The providers page, its fragments and its JSON twins, as each role meets them."""

import json
import re
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone

from providers import configure
from providers.catalog import CATALOG
from providers.directory import NONE_CONFIGURED
from providers.models import AIProviderSettings, AIUsageLog
from providers.models.ledger import AppendOnly

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-5f0c7d2e91b34a68"
PAGE, TEST = "/providers/", "/providers/test/"
LIST, UPDATE, API_TEST = "/api/v1/ai/providers/", "/api/v1/ai/providers/update/", "/api/v1/ai/test/"
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def mara(people) -> Client:
    client = Client()
    client.force_login(people["mara"])
    return client


@pytest.fixture
def lee(people) -> Client:
    client = Client()
    client.force_login(people["lee"])
    return client


def post_json(client: Client, url: str, body: object):
    return client.post(url, json.dumps(body), content_type="application/json")


def key(slug: str, **rest: str) -> None:
    configure.save_provider(slug=slug, by="Mara", key=CANARY, **rest)


def a_call(slug: str, *, minutes_ago: int, ok: bool = True, code: str = "", message: str = "") -> None:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    row = AIUsageLog(provider=slug, model="m", operation="chat", success=ok, created_at=at, cap_day=at.date())
    row.processing_time_ms, row.actual_cost_usd = 1600, "0.25"
    row.error_code, row.error_message = code, message
    AppendOnly(AIUsageLog).bulk_create([row])


def states(client: Client) -> dict[str, str]:
    return {row["slug"]: row["state"] for row in client.get(LIST).json()["providers"]}


def saved_long_ago() -> None:
    row = AIProviderSettings.get_solo()
    row.key_history = {slug: {"by": "Mara", "at": "2026-01-01T00:00:00+00:00"} for slug in row.key_history}
    row.save()


# Keys never come out


@pytest.mark.parametrize("name", ["mara", "ivo", "ana", "lee"])
def test_no_answer_of_any_role_shows_a_saved_key(people, name):
    client = Client()
    client.force_login(people[name])
    for row in CATALOG:
        key(row.slug)
    paths = [PAGE, "/providers/senate/", LIST]
    if name == "mara":
        paths += [f"{PAGE}?edit={row.slug}" for row in CATALOG]
    for path in paths:
        for headers in ({}, HTMX, {"HTTP_ACCEPT": "application/json"}):
            response = client.get(path, **headers)
            assert response.status_code == 200, path
            text = response.content.decode()
            assert not any(part in text for part in (CANARY, CANARY[:9], CANARY[-6:])), path


@pytest.mark.parametrize(
    "broken", [f"{CANARY} x", f"{CANARY}\nx", f"{CANARY}\tx", f"{CANARY}\x00", f"ключ{CANARY}", CANARY * 30]
)
def test_a_broken_key_is_one_clear_sentence_that_does_not_repeat_it(mara, broken):
    answer = post_json(mara, UPDATE, {"openai_api_key": broken})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "openai_api_key" and "A key has" in error["message"]
    assert CANARY not in answer.content.decode()
    page = mara.post(PAGE + "?edit=openai", {"openai_api_key": broken, "openai_model": "kept-model"})
    assert page.status_code == 400
    text = page.content.decode()
    assert CANARY not in text
    assert "A key has" in text and "kept-model" in text


def test_space_around_a_key_is_stripped(mara):
    post_json(mara, UPDATE, {"openai_api_key": f"  {CANARY}\n"})
    assert AIProviderSettings.get_solo().openai_api_key == CANARY


# The API


def test_the_list_shows_the_seventeen_and_only_whether_a_key_is_there(lee):
    key("openai")
    rows = lee.get(LIST).json()["providers"]
    assert len(rows) == 17
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


# The page


def test_without_a_key_the_page_says_the_documented_sentence(mara):
    text = mara.get(PAGE).content.decode()
    assert NONE_CONFIGURED in re.sub(r"<[^>]+>", "", text).replace("&gt;", ">")
    assert "0 of 17 have a key" in text


def test_saving_on_the_page_takes_effect_and_comes_back_to_the_list(mara):
    answer = mara.post(
        PAGE + "?edit=openai&tab=all", {"openai_api_key": CANARY, "openai_model": "gpt-x", "do": "save"}
    )
    assert (answer.status_code, answer["Location"]) == (303, "/providers/?tab=all")
    text = mara.get(answer["Location"]).content.decode()
    assert "The key of OpenAI is saved." in text and "Configured" in text
    assert AIProviderSettings.get_solo().openai_model == "gpt-x"


def test_htmx_gets_the_list_alone_and_a_toast(mara):
    answer = mara.post(PAGE + "?edit=openai", {"openai_api_key": CANARY}, **HTMX)
    text = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in text and 'id="row-openai"' in text
    assert "is saved" in json.loads(answer["HX-Trigger"])["toast"]["text"]


def test_a_form_that_was_refused_stays_open_without_the_key(mara):
    answer = mara.post(
        PAGE + "?edit=local", {"local_api_key": CANARY, "local_base_url": "http://localhost:11434/v1"}, **HTMX
    )
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "AI_PRIVATE_HOSTS=localhost:11434" in text and 'value="http://localhost:11434/v1"' in text
    assert CANARY not in text


def test_a_private_default_address_shows_the_line_for_env(mara):
    assert "AI_PRIVATE_HOSTS=localhost:11434" in mara.get(PAGE + "?edit=local").content.decode()


def test_clearing_on_the_page_names_the_environment(mara, settings):
    settings.PROVIDER_ENV_KEY = lambda name, default="": "sk-env" if name == "OPENAI_API_KEY" else default
    key("openai")
    answer = mara.post(PAGE, {"do": "clear", "provider": "openai"})
    text = mara.get(answer["Location"]).content.decode()
    assert "Calls now use OPENAI_API_KEY from the environment." in text and "From environment" in text
    assert "sk-env" not in text


def test_moving_changes_the_order_of_the_rows(mara):
    key("openai"), key("grok")
    text = mara.post(PAGE, {"do": "up", "provider": "grok"}, **HTMX).content.decode()
    assert text.index('id="row-grok"') < text.index('id="row-openai"')


def test_an_unknown_act_or_provider_is_a_sentence(mara):
    assert "There is no such act" in mara.post(PAGE, {"do": "explode"}).content.decode()
    assert "There is no provider" in mara.post(PAGE, {"do": "clear", "provider": "nope"}).content.decode()


def test_readers_see_states_and_no_buttons(lee):
    key("openai")
    text = lee.get(PAGE + "?edit=openai").content.decode()
    assert "Not used yet" in text
    assert "openai_api_key" not in text and "Add key" not in text and 'value="up"' not in text


def test_spend_is_for_those_who_see_everyones(people, mara, lee):
    key("openai")
    a_call("openai", minutes_ago=5)
    assert "$0.2500" in mara.get(PAGE).content.decode()
    assert "$0.2500" not in lee.get(PAGE).content.decode()
    assert "0.25" not in str(lee.get(PAGE, HTTP_ACCEPT="application/json").json())


def test_find_and_tabs_work_without_a_script(mara):
    key("openai"), key("grok")
    text = mara.get(PAGE, {"q": "GROK", "tab": "keys"}).content.decode()
    assert 'id="row-grok"' in text and 'id="row-openai"' not in text and "Without a key" not in text
    assert "No provider matches." in mara.get(PAGE, {"q": "zzz"}).content.decode()


def test_a_key_saved_with_another_master_key_is_shown_red_and_nothing_breaks(mara, settings):
    key("openai")
    settings.AI_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    text = mara.get(PAGE + "?edit=openai").content.decode()
    assert "Saved with another master key. Enter it again or restore the old master key." in text
    assert "Can&#x27;t decrypt" in text
    assert states(mara)["openai"] == "unreadable"


def test_testing_on_the_page_keeps_the_result_in_the_row(mara, upstream):
    configure.save_provider(slug="openai", by="Mara", key="bad", base_url=upstream.openai_url)
    text = mara.post(TEST, {"provider": "openai"}, **HTMX).content.decode()
    assert 'id="row-openai"' in text and "Provider openai failed: 401 Unauthorized" in text
    page = mara.get(PAGE).content.decode()
    assert "OpenAI refuses its key." in page and "Provider openai failed: 401 Unauthorized" in page
    assert mara.post(TEST, {"provider": "openai"}).status_code == 303


def test_test_all_tests_every_one_that_can_be_called(mara, upstream):
    key("openai", base_url=upstream.openai_url)
    key("grok", base_url=upstream.openai_url)
    key("gemini", base_url=upstream.url("gemini"))
    key("cloudflare", base_url=upstream.url("cloudflare"))
    mara.post(TEST, {"provider": "all"}, **HTMX)
    assert len(upstream.calls) == 3
    shown = {"openai": "working", "grok": "working", "gemini": "working", "cloudflare": "no_key"}
    assert states(mara) | shown == states(mara)


def test_cloudflare_is_called_under_the_account_that_is_saved(mara, upstream):
    key("cloudflare", base_url=upstream.url("cloudflare"))
    assert "No account id" in mara.get(PAGE).content.decode()
    result = post_json(mara, API_TEST, {"provider": "cloudflare"}).json()
    assert result["error"] == "Cloudflare has no account id. Save it in Settings > AI."
    for account in ("acc-7", "acc-8"):
        post_json(mara, UPDATE, {"cloudflare_account_id": account})
        assert states(mara)["cloudflare"] == "unused"  # a test of the old account says nothing of the new one
        assert post_json(mara, API_TEST, {"provider": "cloudflare"}).json()["ok"] is True
        assert upstream.calls[-1].path.startswith(f"/cloudflare/accounts/{account}/ai/models/search")


# States from the ledger


def test_states_follow_the_newest_call(mara):
    for slug in ["openai", "grok", "claude", "groq"]:
        key(slug)
    saved_long_ago()
    a_call(
        "openai", minutes_ago=9, ok=False, code="upstream_timeout", message="Provider openai failed: no answer."
    )
    a_call("openai", minutes_ago=2)
    a_call("grok", minutes_ago=9)
    a_call("grok", minutes_ago=2, ok=False, code="key_refused", message="Provider grok failed: 401 Unauthorized.")
    a_call("claude", minutes_ago=2, ok=False, code="upstream_unavailable", message="Provider claude failed: 500.")
    a_call("groq", minutes_ago=2, ok=False, code="cancelled", message="The call was cancelled.")
    found = states(mara)
    assert (found["openai"], found["grok"], found["claude"], found["groq"]) == (
        "working",
        "key_refused",
        "failing",
        "unused",
    )
    trouble = mara.get(PAGE, {"tab": "trouble"}).content.decode()
    assert "Grok refuses its key." in trouble and 'id="row-openai"' not in trouble


def test_failures_of_the_old_key_say_nothing_about_the_new_one(mara):
    a_call("grok", minutes_ago=2, ok=False, code="key_refused", message="Provider grok failed: 401 Unauthorized.")
    key("grok")
    assert states(mara)["grok"] == "unused"


def test_figures_of_a_row(mara):
    key("openai")
    for minutes in range(4):
        a_call("openai", minutes_ago=minutes + 1)
    a_call("openai", minutes_ago=30, ok=False, code="upstream_timeout")
    row = next(r for r in mara.get(PAGE, HTTP_ACCEPT="application/json").json()["rows"] if r["slug"] == "openai")
    assert (row["p95_s"], row["error_percent"], row["calls_24h"], row["spend_30d_usd"]) == (1.6, 20.0, 5, "1.25")
    assert row["spark"]["label"] == "5 calls, 1 failed"


def test_the_list_costs_the_same_few_queries_however_many_have_keys(mara, django_assert_max_num_queries):
    for row in CATALOG:
        key(row.slug)
        a_call(row.slug, minutes_ago=3)
    with django_assert_max_num_queries(11):
        mara.get(PAGE)


def test_pages_hold_no_inline_style_or_script(mara):
    key("openai")
    a_call("openai", minutes_ago=1)
    text = mara.get(PAGE + "?edit=openai").content.decode()
    assert (
        " style=" not in text and not re.search(r"<script(?![^>]*src=)", text) and not re.search(r"\son\w+=", text)
    )
