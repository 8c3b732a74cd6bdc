"""The providers page and its fragments, as each role meets them."""

import json
import re

import pytest
from cryptography.fernet import Fernet

from providers.catalog import CATALOG, EXTRA
from providers.configuration import configure
from providers.configuration.directory import NONE_CONFIGURED
from providers.models import AIProviderSettings
from tests.providers.configuration.keys_kit import (
    API_TEST,
    CANARY,
    HTMX,
    PAGE,
    TEST,
    UPDATE,
    a_call,
    key,
    post_json,
    states,
)

pytestmark = pytest.mark.django_db
CATALOGUED = {row.slug: row for row in (*CATALOG, *EXTRA)}


def test_without_a_key_the_page_says_the_documented_sentence(mara):
    text = mara.get(PAGE).content.decode()
    assert NONE_CONFIGURED in re.sub(r"<[^>]+>", "", text).replace("&gt;", ">")
    assert f"0 of {len(CATALOG) + len(EXTRA)} have a key" in text


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


def test_an_open_form_asks_for_the_models_by_itself_and_says_which_retire(mara, upstream):
    key("mistral", base_url=upstream.url("mistral"), model="fake-optimist")
    form = mara.get(PAGE + "?edit=mistral").content.decode()
    assert 'hx-post="/providers/models/"' in form and upstream.calls == []
    part = mara.post("/providers/models/", {"provider": "mistral"}, **HTMX).content.decode()
    assert "<html" not in part and "hx-post" not in part
    assert 'value="fake-optimist" label="fake-optimist, retires on 2027-02-28"' in part
    assert "fake-optimist retires on 2027-02-28. Choose another one." in part and "5 to choose from" in part
    again = mara.get(PAGE + "?edit=mistral").content.decode()
    assert 'hx-post="/providers/models/"' not in again and 'value="fake-sceptic"' in again
    assert '<small class="warn">retires on 2027-02-28</small>' in mara.get(PAGE).content.decode()
    whole = mara.post("/providers/models/", {"provider": "mistral"}).content.decode()
    assert "<html" in whole and "fake-brief" in whole


@pytest.mark.parametrize("slug", ["smsly", "freemodel", "opencode", "copilot", "local", "ollama"])
def test_where_no_address_can_be_vouched_for_the_admin_supplies_it_and_the_page_says_so(mara, slug):
    text = mara.get(f"{PAGE}?edit={slug}").content.decode()
    assert f"No address of {CATALOGUED[slug].name} can be vouched for, so you supply it" in text
    if slug not in {"local", "ollama"}:
        post_json(mara, "/api/v1/ai/providers/update/", {f"{slug}_api_key": CANARY})
        row = next(r for r in mara.get("/api/v1/ai/providers/").json()["providers"] if r["slug"] == slug)
        assert (row["base_url"], row["state"]) == ("", "no_key")


def test_a_vouched_address_needs_no_sentence(mara):
    assert "vouched for" not in mara.get(PAGE + "?edit=openai").content.decode()
    assert "WORKSPACE" in mara.get(PAGE + "?edit=alibaba").content.decode()
