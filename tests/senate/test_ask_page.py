"""The Ask page and its JSON twin: the box, its price, every bad body, the lists."""

import re

import pytest

from providers.models import UserAICap
from senate.models import SenateSession
from tests.senate.pages import API, HTMX, as_user, said
from tests.senate.rows import ended, running


def test_the_ask_page_leads_a_stranger_to_the_sign_in(cast, client) -> None:
    response = client.get("/senate/")
    assert response.status_code == 302 and response["Location"].startswith("/login/")


def test_the_ask_page_has_the_box_and_three_examples_before_the_first_question(ivo) -> None:
    page = ivo.get("/senate/").content.decode()
    assert 'name="question"' in page and page.count('class="example"') == 3
    assert "Auto: Senate, 5 members, 11 calls" in page
    assert "style=" not in page and not re.search(r"<script(?![^>]* src=)", page)


def test_each_member_in_the_box_has_a_colour_of_its_own(ivo) -> None:
    box = re.search(
        r'<details class="nav-menu ask-seats".*?</summary>', ivo.get("/senate/").content.decode(), re.S
    )
    colours = re.findall(r"series-(\w+)", box.group())
    assert len(colours) == 5 == len(set(colours)) and "other" not in colours


def test_a_viewer_sees_the_list_without_the_box(cast, client) -> None:
    page = as_user(client, cast["lee"]).get("/senate/").content.decode()
    assert 'name="question"' not in page and "You have asked nothing yet." in page


def test_an_example_fills_the_box_and_shows_its_price_without_a_script(ivo) -> None:
    page = ivo.get("/senate/", {"question": "Which index?"}).content.decode()
    assert ">Which index?</textarea>" in page and "At most" in page


def test_asking_by_the_form_opens_the_session_and_by_json_says_where_it_is(ivo) -> None:
    response = ivo.post("/senate/", {"question": "Which index?", "mode": "solo", "visibility": "private"})
    session = SenateSession.objects.get()
    assert response.status_code == 303 and response["Location"] == f"/senate/{session.pk}/"
    assert (session.plan, session.visibility, session.owner.username) == ("solo", "private", "ivo")
    answer = ivo.post(API, {"question": "Which index?"}, content_type="application/json")
    assert answer.status_code == 202
    assert answer.json()["url"] == f"/senate/{answer.json()['id']}/"
    assert set(answer.json()["quote"]) == {"plan", "max_cost_usd", "max_tokens"}


@pytest.mark.parametrize(
    "body, param",
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": "   "}, "question"),
        ({"question": None}, "question"),
        ({"question": ["x"]}, "question"),
        ({"question": "x", "mode": "parliament"}, "mode"),
        ({"question": "x", "members": "openai"}, "members"),
        ({"question": "x", "members": ["nobody"]}, "model"),
        ({"question": "x", "visibility": "world"}, "visibility"),
        ({"question": "x", "owner": 1}, "owner"),
        ({"question": "x", "base_url": "https://evil.test"}, "base_url"),
        ({"question": "x", "__class__": "y"}, "__class__"),
    ],
)
def test_a_bad_question_is_one_clear_error_and_nothing_is_stored(ivo, body, param) -> None:
    response = ivo.post(API, body, content_type="application/json")
    assert response.status_code == 400 and said(response)["param"] == param, response.content
    assert not SenateSession.objects.exists()


@pytest.mark.parametrize(
    "body, kind, status", [("", "application/json", 400), ("[", "application/json", 400), ("x", "text/plain", 415)]
)
def test_a_body_that_is_no_json_is_refused(ivo, body, kind, status) -> None:
    assert ivo.post(API, body, content_type=kind).status_code == status


def test_a_refused_form_keeps_what_was_typed(ivo) -> None:
    response = ivo.post("/senate/", {"question": "Which index?", "mode": "parliament"})
    page = response.content.decode()
    assert response.status_code == 400 and ">Which index?</textarea>" in page and "Send one of auto" in page


@pytest.fixture
def poor(cast):
    UserAICap.objects.update_or_create(user=cast["ivo"], defaults={"daily_token_cap": 10})


def test_over_the_cap_the_page_keeps_the_text_and_the_api_says_429(ivo, poor) -> None:
    response = ivo.post("/senate/", {"question": "Which index?"})
    assert response.status_code == 429 and ">Which index?</textarea>" in response.content.decode()
    answer = ivo.post(API, {"question": "Which index?"}, content_type="application/json")
    assert answer.status_code == 429 and said(answer)["code"] == "cap_exceeded"
    assert not SenateSession.objects.exists()


def test_the_live_price_disables_the_button_over_the_cap(ivo, poor) -> None:
    part = ivo.post("/senate/quote/", {"question": "Which index?"}, **HTMX).content.decode()
    assert part.lstrip().startswith("<div") and 'id="quote"' in part
    assert re.search(r'type="submit" disabled', part)


def test_the_live_price_names_plan_and_bound(ivo) -> None:
    part = ivo.post("/senate/quote/", {"question": "Which index?", "mode": "solo"}, **HTMX).content.decode()
    assert "Solo, 1 member, 1 call." in part and "At most" in part and "disabled" not in part


def test_without_any_provider_the_page_says_what_to_do(ivo, settings) -> None:
    settings.AI_ALLOW_MOCK = False
    page = ivo.get("/senate/").content.decode()
    assert "No AI providers configured. Add an API key in Settings &gt; AI." in page
    answer = ivo.post(API, {"question": "x"}, content_type="application/json")
    assert answer.status_code == 503


@pytest.mark.parametrize("role", ["lee", "ana"])
def test_only_who_may_ask_can_ask(cast, client, role) -> None:
    as_user(client, cast[role])
    assert client.post(API, {"question": "x"}, content_type="application/json").status_code == 403
    assert client.post("/senate/", {"question": "x"}).status_code == 403
    assert client.post("/senate/quote/", {"question": "x"}).status_code == 403


def test_more_questions_a_minute_than_allowed_are_refused(ivo, settings) -> None:
    settings.AI_CHAT_RATE = "1/minute"
    answers = [ivo.post(API, {"question": "x"}, content_type="application/json") for _ in range(2)]
    assert [a.status_code for a in answers] == [202, 429]
    assert answers[1]["Retry-After"]


def test_the_lists_show_own_shared_and_running_sessions_and_no_others(cast, client) -> None:
    mine = running(cast["ivo"], question="mine, private", visibility="private")
    shared = running(cast["mara"], question="hers, shared")
    running(cast["mara"], question="hers, private", visibility="private")
    ended(mine)
    as_user(client, cast["ivo"])

    def ids(query):
        found = client.get(f"{API}{query}").json()
        assert found["count"] == len(found["results"])
        return [row["id"] for row in found["results"]]

    assert ids("") == [mine.pk]
    assert ids("?tab=team") == [shared.pk]
    assert ids("?tab=running") == [shared.pk]
    assert ids("?tab=mine&q=private") == [mine.pk] and ids("?q=hers") == []
    assert client.get(f"{API}?tab=all").status_code == 400
    assert "hers, shared" in client.get("/senate/?tab=team").content.decode()


def test_a_long_list_has_pages(ivo, cast) -> None:
    for n in range(27):
        running(cast["ivo"], question=f"question {n}")
    first = ivo.get(API).json()
    second = ivo.get(API + first["next"]).json()
    assert (len(first["results"]), len(second["results"]), second["next"]) == (25, 2, None)
    assert "1 to 25 of 27" in ivo.get("/senate/").content.decode()
