"""Ask and session pages and their JSON twins: anonymous, outsider, right person, and every bad body."""

import json
import re

import pytest

from providers.hop import close_all
from providers.models import UserAICap
from senate.models import SenateSession
from tests.senate.rows import begin, deliberated, ended, phase, running, text

API = "/api/v1/senate/sessions/"
JSON = {"HTTP_ACCEPT": "application/json"}
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def cast(transactional_db, people, settings):
    settings.AI_ALLOW_MOCK = True
    yield people
    close_all()


@pytest.fixture
def ivo(cast, client):
    client.force_login(cast["ivo"])
    return client


def as_user(client, user):
    client.force_login(user)
    return client


def said(response):
    return response.json()["error"]


# --- Ask ---


def test_the_ask_page_leads_a_stranger_to_the_sign_in(cast, client) -> None:
    response = client.get("/senate/")
    assert response.status_code == 302 and response["Location"].startswith("/login/")


def test_the_ask_page_has_the_box_and_three_examples_before_the_first_question(ivo) -> None:
    page = ivo.get("/senate/").content.decode()
    assert 'name="question"' in page and page.count('class="example"') == 3
    assert "Auto: Senate, 5 members, 11 calls" in page
    assert "style=" not in page and not re.search(r"<script(?![^>]* src=)", page)


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
    assert response.status_code == 400 and ">Which index?</textarea>" in page and "parliament" in page


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


# --- A session ---


def test_a_stranger_an_outsider_and_an_unknown_id_get_no_session(cast, client) -> None:
    session = running(cast["ivo"], visibility="private")
    assert client.get(f"/senate/{session.pk}/").status_code == 302
    assert client.get(f"{API}{session.pk}/").status_code == 401
    as_user(client, cast["mara"])
    for path in (f"/senate/{session.pk}/", f"{API}{session.pk}/", f"{API}{session.pk}/events/", "/senate/999999/"):
        assert client.get(path).status_code == 404
    assert client.get(f"{API}{session.pk}/?as=markdown").status_code == 404
    assert client.post(f"{API}{session.pk}/cancel/").status_code == 404


def test_the_page_shows_what_the_rows_say_and_the_twin_says_the_same(ivo, cast) -> None:
    session = deliberated(cast["ivo"])
    page = ivo.get(f"/senate/{session.pk}/").content.decode()
    for part in ("head", "stepper", "resolution", "dissent", "votes", "order", "member-0", "member-2"):
        assert len(re.findall(f'id="{part}"', page)) == 1, part
    assert '<p class="lead">Roll back now.</p>' in page and "The pool is no cure." in page
    assert 'aria-label="Mistral disagrees with OpenAI"' in page
    assert "data-live" not in page
    assert "style=" not in page and not re.search(r"<script(?![^>]* src=)", page)
    twin = ivo.get(f"{API}{session.pk}/").json()
    assert twin["state"] == "done" and twin["resolution"]["text"].startswith("Roll back now.")
    assert twin["dissents"][0]["answer"] == "The pool is no cure."
    assert "rail" not in twin and "crumbs" not in twin


def test_a_running_session_says_where_to_listen_and_from_which_event(ivo, cast) -> None:
    session = running(cast["ivo"])
    phase(session, "propose", 3)
    begin(session, 0)
    text(session, 0, "Roll back")
    page = ivo.get(f"/senate/{session.pk}/").content.decode()
    assert f'data-live="/ws/senate/{session.pk}/"' in page and 'data-after="3"' in page
    assert "Reload for news" in page and 'data-opens="cancel-dialog"' in page
    assert "<title>Raise the pool or roll back?" in page


def test_a_vote_and_a_wide_member_can_be_chosen_by_address(ivo, cast) -> None:
    session = deliberated(cast["ivo"])
    page = ivo.get(f"/senate/{session.pk}/?vote=0-2&m=1").content.decode()
    shown = re.findall(r'data-reason="(\d-\d)">', page)
    assert shown == ["0-2"]
    assert re.search(r'class="member series-2 wide" id="member-1"', page)


@pytest.mark.parametrize("query", ["vote=9-9", "vote=<x>", "m=abc", "m=99", "sort=x", "sort=support", "as=x"])
def test_an_odd_address_is_no_error(ivo, cast, query) -> None:
    session = deliberated(cast["ivo"])
    assert ivo.get(f"/senate/{session.pk}/?{query}").status_code == 200


@pytest.mark.parametrize("plan, seats", [("solo", 1), ("code-review", 2), ("senate", 3)])
@pytest.mark.parametrize("state", ["running", "failed", "cancelled", "partial"])
def test_every_plan_has_a_page_in_every_state(ivo, cast, plan, seats, state) -> None:
    session = running(cast["ivo"], plan)
    session.seats = session.seats[:seats]
    session.save()
    first = "answer" if plan == "solo" else "propose"
    phase(session, first, seats)
    begin(session, 0, first)
    text(session, 0, "Roll", phase=first)
    if state != "running":
        ended(session, state, "A reason that is given.")
    page = ivo.get(f"/senate/{session.pk}/").content.decode()
    assert 'id="resolution"' in page
    assert ("A reason that is given." in page) == (state != "running")


def test_hostile_words_of_models_are_inert_on_the_page(ivo, cast) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) <b hx-get='/x'>b</b>"
    session = deliberated(cast["ivo"], proposal=bad, resolution=bad, reason=bad, answer=bad)
    SenateSession.objects.filter(pk=session.pk).update(question=bad)
    page = ivo.get(f"/senate/{session.pk}/").content.decode()
    assert "<script>alert" not in page and "<img src=x" not in page and "<b hx-get" not in page
    assert 'href="javascript:' not in page


def test_events_are_given_after_n_and_in_pages(ivo, cast) -> None:
    session = running(cast["ivo"])
    for n in range(5):
        text(session, 0, "x", n)
    some = ivo.get(f"{API}{session.pk}/events/?after=1&limit=3").json()
    assert [e["n"] for e in some["events"]] == [2, 3, 4]
    assert (some["last_n"], some["more"], some["open"]) == (4, True, True)
    rest = ivo.get(f"{API}{session.pk}/events/?after=4").json()
    assert [e["n"] for e in rest["events"]] == [5] and not rest["more"]
    for query in ("after=-1", "after=x", "limit=0", "limit=100000", "since=1"):
        assert ivo.get(f"{API}{session.pk}/events/?{query}").status_code == 400


def test_who_asked_can_cancel_and_another_engineer_can_not(cast, client, django_user_model) -> None:
    session = running(cast["mara"])
    as_user(client, cast["ivo"])
    assert client.post(f"{API}{session.pk}/cancel/").status_code == 403
    as_user(client, cast["mara"])
    assert client.post(f"{API}{session.pk}/cancel/", {"x": 1}, content_type="application/json").status_code == 400
    response = client.post(f"/senate/{session.pk}/cancel/")
    assert response.status_code == 303 and response["Location"] == f"/senate/{session.pk}/"
    session.refresh_from_db()
    assert session.cancel_requested


def test_looking_changes_nothing(ivo, cast) -> None:
    session = running(cast["ivo"])
    assert ivo.get(f"/senate/{session.pk}/cancel/").status_code in (403, 405)
    session.refresh_from_db()
    assert not session.cancel_requested


def test_the_export_is_markdown_to_keep(ivo, cast) -> None:
    session = deliberated(cast["ivo"])
    response = ivo.get(f"{API}{session.pk}/?as=markdown")
    words = response.content.decode()
    assert response["Content-Disposition"] == f'attachment; filename="session-{session.pk}.md"'
    assert "Roll back now." in words and "| Mistral | OpenAI | disagree |" in words and "&" not in words


def test_ask_again_fills_the_box_from_the_old_question(ivo, cast) -> None:
    session = deliberated(cast["ivo"])
    assert ">Raise the pool or roll back?</textarea>" in ivo.get(f"/senate/?again={session.pk}").content.decode()
    secret = running(cast["mara"], question="hers alone", visibility="private")
    assert "hers alone" not in ivo.get(f"/senate/?again={secret.pk}").content.decode()


def test_a_person_and_a_machine_get_their_own_shape_from_one_address(ivo, cast) -> None:
    session = deliberated(cast["ivo"])
    whole, part = ivo.get(f"/senate/{session.pk}/"), ivo.get(f"/senate/{session.pk}/", **HTMX)
    assert b"<html" in whole.content and b"<html" not in part.content and b'id="resolution"' in part.content
    assert json.loads(ivo.get(f"/senate/{session.pk}/", **JSON).content)["id"] == session.pk
