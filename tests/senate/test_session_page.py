"""The page of one session and its JSON twin: who may see it, what it shows in every state, events, export."""

import json
import re

import pytest

from senate.models import SenateSession
from tests.senate.pages import API, HTMX, JSON, as_user
from tests.senate.rows import begin, deliberated, done, ended, phase, running, text


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
    assert 'href="#dissent-answer-2"' in page and 'id="dissent-answer-2"' in page
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


@pytest.mark.parametrize("words", ["", "Roll back."])
def test_a_session_that_failed_is_no_partial_one_and_points_only_to_words_that_are_there(ivo, cast, words) -> None:
    session = running(cast["ivo"])
    phase(session, "propose", 3)
    for member in range(3):
        begin(session, member)
        done(session, member, words if member == 0 else "", state="done" if words and member == 0 else "failed")
    ended(session, "failed", "A reason that is given.")
    page = ivo.get(f"/senate/{session.pk}/").content.decode()
    assert "Failed" in page and "Partial" not in page
    assert ("What the members wrote stands below." in page) == bool(words)


@pytest.mark.parametrize("answered", [0, 1])
def test_a_phase_that_brought_nothing_was_stopped_and_not_done(ivo, cast, answered) -> None:
    session = running(cast["ivo"])
    phase(session, "propose", 3)
    for member in range(3):
        begin(session, member)
        words, state = ("Roll back.", "done") if member < answered else ("", "failed")
        done(session, member, words, state=state)
    phase(session, "propose", 3, finished=True)
    ended(session, "failed", "A reason that is given.")
    page = ivo.get(f"/senate/{session.pk}/").content.decode()
    shown = re.search(r'<li class="(\w*)"><span class="step-mark">', page).group(1)
    assert shown == ("done" if answered else "stopped")
    assert ("Failed:</span>" in page) == (not answered)
    assert 'form="again"' in page and 'id="again"' in page, "it can be asked again from the head"
    assert 'data-answer="no"' in page
    assert 'class="lead-note bad"' in page and "Compare with solo" not in page, "there is nothing to compare"


def test_only_a_call_that_was_cancelled_is_said_to_have_been_stopped(ivo, cast) -> None:
    session = running(cast["ivo"])
    phase(session, "propose", 3)
    for member, state in enumerate(("failed", "cancelled", "timed_out")):
        begin(session, member)
        done(session, member, "", state=state, error="Its answer could not be read.", output_tokens=96)
    page = ivo.get(f"/senate/{session.pk}/").content.decode()
    said = re.findall(r'id="member-\d".*?</article>', page, re.DOTALL)
    assert ["The call was stopped." in column for column in said] == [False, True, False]
    assert all("tokens were billed" in column for column in said)


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
