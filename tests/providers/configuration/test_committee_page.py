"""The Senate's settings: mode, size and seats."""

import json

import pytest
from django.test import Client

from providers.configuration import configure
from providers.configuration.directory import NONE_CONFIGURED, Directory
from providers.models import AIProviderSettings

pytestmark = pytest.mark.django_db
PAGE = "/providers/senate/"
FORM = {"mode": "auto", "senate_enabled": "true", "senate_max_members": "5", "seats": ""}


def key(slug: str) -> None:
    configure.save_provider(slug=slug, by="Mara", key="sk-x")


def test_the_default_committee_is_the_first_in_the_order(mara):
    key("openai"), key("grok"), key("jules"), key("cloudflare")  # no chat model; no account id
    configure.move(slug="grok", step=-1)
    members = mara.get(PAGE, HTTP_ACCEPT="application/json").json()["members"]
    assert [m["provider"] for m in members] == ["grok", "openai"]


def test_without_a_key_it_says_who_to_add(mara):
    assert mara.get(PAGE, HTTP_ACCEPT="application/json").json()["nobody"] == NONE_CONFIGURED


def test_mock_personas_sit_where_they_are_allowed(mara, settings):
    settings.AI_ALLOW_MOCK = True
    text = mara.get(PAGE).content.decode()
    assert text.count('data-badge="Test answers"') == 5 and "mock/mock-sceptic" in text


def test_seats_by_hand_sit_in_their_order(mara, settings):
    settings.AI_ALLOW_MOCK = True
    key("openrouter")
    seats = "openrouter/meta/llama-x\n\n  mock/mock-sceptic \nopenrouter/qwen/q-1\n"
    answer = mara.post(PAGE, {**FORM, "mode": "senate", "seats": seats})
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert [(s.provider, s.model) for s in Directory().members()] == [
        ("openrouter", "meta/llama-x"),
        ("mock", "mock-sceptic"),
        ("openrouter", "qwen/q-1"),
    ]
    assert AIProviderSettings.get_solo().mode == "senate"


def test_json_takes_a_list_of_seats(mara):
    key("openai")
    body = {"mode": "solo", "senate_enabled": False, "senate_max_members": 1, "seats": ["openai/gpt-x"]}
    answer = mara.post(PAGE, json.dumps(body), content_type="application/json", HTTP_ACCEPT="application/json")
    assert answer.status_code == 200 and answer.json()["members"][0]["model"] == "gpt-x"
    assert AIProviderSettings.get_solo().senate_enabled is False


@pytest.mark.parametrize(
    ("seats", "sentence"),
    [
        ("openai/a\nnobody/b", "Line 2: There is no model or provider named"),
        ("openai/a\ngroq/b", "Line 2: Groq has no key"),
        ("openai/a\nopenai/a", "Line 2 is the same member as line 1."),
        ("openai/a\njules/x", "Line 2: Jules is no chat model."),
        ("\n".join(f"openai/m{n}" for n in range(6)), "6 seats, but at most 5 members sit."),
        ("mock/mock-brief", "Line 1: Mock gives its test answers only with AI_ALLOW_MOCK=1 in .env."),
    ],
)
def test_a_seat_that_can_not_sit_is_named_and_the_text_is_kept(mara, seats, sentence):
    key("openai")
    answer = mara.post(PAGE, {**FORM, "mode": "senate", "seats": seats})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in text and seats.split("\n")[0] in text
    row = AIProviderSettings.get_solo()
    assert (row.seats, row.mode) == ([], "auto")


def test_an_unticked_box_turns_the_senate_off(mara):
    mara.post(PAGE, {name: value for name, value in FORM.items() if name != "senate_enabled"})
    assert AIProviderSettings.get_solo().senate_enabled is False


@pytest.mark.parametrize(
    "wrong", [{"mode": "chaos"}, {"senate_max_members": "0"}, {"senate_max_members": "x"}, {"extra": "1"}]
)
def test_wrong_values_are_refused(mara, wrong):
    assert mara.post(PAGE, {**FORM, **wrong}).status_code == 400


def test_readers_see_it_and_can_not_change_it(people):
    client = Client()
    client.force_login(people["ivo"])
    assert "Admins can change this." in client.get(PAGE).content.decode()
    assert client.post(PAGE, FORM, HTTP_ACCEPT="application/json").status_code == 403
