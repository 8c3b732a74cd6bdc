"""What the providers page says of each provider, from the ledger."""

import re

import pytest

from providers.catalog import CATALOG
from tests.providers.configuration.keys_kit import PAGE, a_call, key, saved_long_ago, states

pytestmark = pytest.mark.django_db


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
    with django_assert_max_num_queries(25):  # one of them: whether all agents are stopped
        mara.get(PAGE)


def test_pages_hold_no_inline_style_or_script(mara):
    key("openai")
    a_call("openai", minutes_ago=1)
    text = mara.get(PAGE + "?edit=openai").content.decode()
    assert (
        " style=" not in text and not re.search(r"<script(?![^>]*src=)", text) and not re.search(r"\son\w+=", text)
    )
