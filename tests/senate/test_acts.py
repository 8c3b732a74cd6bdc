"""Asked again, gone on from, shared, compared; a request sent twice; and the live feed over SSE."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections
from django.test import Client

from providers.models import IdempotentRequest, Reservation, UserAICap
from providers.runtime import loop
from providers.runtime.hop import close_all
from senate import chat
from senate.models import SenateSession
from tests.senate.rows import deliberated, running
from tests.senate.test_chat import QUESTION

API = "/api/v1/senate/sessions/"


@pytest.fixture
def ivo(asker, client):
    client.force_login(asker)
    yield client
    close_all()


def post(client, path, body, **headers):
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


def test_ask_again_is_one_click_with_the_same_members_mode_and_visibility(ivo, asker, committee):
    old = chat.start(asker, question=QUESTION, mode="code-review", visibility="private")
    response = ivo.post(f"/senate/{old.pk}/again/", {"idempotency_key": "k"})
    new = SenateSession.objects.first()
    assert response.status_code == 303 and response["Location"] == f"/senate/{new.pk}/"
    same = ("question", "mode", "plan", "visibility", "seats", "messages")
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert ivo.post(f"/senate/{old.pk}/again/", {"idempotency_key": "k"})["Location"] == f"/senate/{new.pk}/"
    assert SenateSession.objects.count() == 2


def test_a_follow_up_goes_on_from_the_question_and_its_answer(ivo, asker, committee, work, upstream):
    first = work(chat.start(asker, question=QUESTION, mode="solo"))
    page = ivo.get("/senate/", {"follows": first.pk}).content.decode()
    assert f'name="follows" value="{first.pk}"' in page and "Goes on from" in page
    answer = post(ivo, API, {"question": "And tomorrow?", "mode": "solo", "follows": first.pk})
    session = SenateSession.objects.get(pk=answer.json()["id"])
    assert session.follows == first
    assert [turn["role"] for turn in session.messages] == ["user", "assistant", "user"]
    assert session.messages[1]["content"] == first.resolution
    work(session)
    assert [m["content"] for m in upstream.calls[-1].body["messages"]][1:] == [
        turn["content"] for turn in session.messages
    ]
    assert post(ivo, API, {"question": "x", "follows": 999_999}).status_code == 404


def test_there_is_no_going_on_from_a_session_without_an_answer(ivo, asker, committee):
    unanswered = chat.start(asker, question=QUESTION)
    answer = post(ivo, API, {"question": "And?", "follows": unanswered.pk})
    assert answer.status_code == 400 and "no answer to go on from" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "visibility, seen_by",
    [("team", {"ivo", "mara", "ana", "lee"}), ("owner", {"ivo", "mara"}), ("private", {"ivo"})],
)
def test_who_sees_a_session(ivo, people, committee, visibility, seen_by):
    session = running(people["ivo"])
    answer = ivo.patch(f"{API}{session.pk}/", {"visibility": visibility}, content_type="application/json")
    assert answer.json()["visibility"] == visibility
    seen = {name for name, user in people.items() if SenateSession.objects.visible_to(user).exists()}
    assert seen == seen_by


def test_only_who_asked_or_an_admin_shares(people, asker, client, committee):
    session = running(asker)
    client.force_login(people["ana"])
    assert client.post(f"/senate/{session.pk}/share/", {"visibility": "private"}).status_code == 403
    client.force_login(people["mara"])
    assert client.post(f"/senate/{session.pk}/share/", {"visibility": "owner"}).status_code == 303
    assert client.post(f"/senate/{session.pk}/share/", {"visibility": "world"}).status_code == 400
    session.refresh_from_db()
    assert session.visibility == "owner"


@pytest.fixture
def rich(asker):
    UserAICap.objects.create(user=asker, daily_token_cap=1_000_000, daily_cost_cap_usd=Decimal(10))


def test_a_question_is_compared_with_each_member_alone_once(ivo, asker, committee, work, rich):
    session = work(chat.start(asker, question=QUESTION))
    before = ivo.get(f"{API}{session.pk}/compare/").json()
    assert (before["state"], before["quote"]["calls"]) == ("none", 5)
    answer = ivo.post(f"{API}{session.pk}/compare/")
    assert answer.status_code == 202 and answer.json()["state"] == "running"
    assert ivo.post(f"{API}{session.pk}/compare/").status_code == 202
    solos = list(SenateSession.objects.filter(compares=session).order_by("compares_seat"))
    assert [solo.compares_seat for solo in solos] == [0, 1, 2, 3, 4]
    for solo in solos:
        work(solo)
    after = ivo.get(f"{API}{session.pk}/compare/").json()
    assert after["state"] == "done" and after["quote"] is None
    assert after["resolution"]["text"] == session.resolution
    assert [solo["model"] for solo in after["solos"]] == [seat["model"] for seat in session.seats]
    assert all(solo["text"] and solo["tokens"] for solo in after["solos"])
    assert after["resolution"]["tokens"] > sum(solo["tokens"] for solo in after["solos"])
    page = ivo.get(f"/senate/{session.pk}/compare/").content.decode()
    assert "What the committee added" in page and "times this" not in page and "style=" not in page
    assert ivo.get(API).json()["count"] == 1, "the answers alone don't fill the list"


def test_a_comparison_is_refused_whole_before_anybody_is_asked(ivo, asker, committee, work, rich):
    session = work(chat.start(asker, question=QUESTION))
    spent = sum(call.input_tokens + call.output_tokens for call in session.calls.all())
    one = chat.quote(asker, QUESTION, "solo")["max_tokens"]
    UserAICap.objects.update(daily_token_cap=spent + 3 * one)
    answer = ivo.post(f"{API}{session.pk}/compare/")
    assert answer.status_code == 429 and "daily cap" in answer.json()["error"]["message"]
    assert not SenateSession.objects.filter(compares=session).exists()


def test_a_running_session_or_a_solo_one_has_nothing_to_compare(ivo, asker, committee, work):
    assert ivo.post(f"{API}{running(asker).pk}/compare/").status_code == 400
    solo = work(chat.start(asker, question=QUESTION, mode="solo"))
    assert ivo.post(f"{API}{solo.pk}/compare/").status_code == 400


def test_three_posts_of_one_form_at_once_make_one_session(asker, committee):
    key = "form-1"

    def send(_):
        client = Client()
        client.force_login(asker)
        try:
            return client.post("/senate/", {"question": QUESTION, "mode": "solo", "idempotency_key": key})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(send, range(3)))
    (session,) = SenateSession.objects.all()
    assert [(a.status_code, a["Location"]) for a in answers] == [(303, f"/senate/{session.pk}/")] * 3
    assert Reservation.objects.count() == 1
    changed = send_changed(asker, key)
    assert changed["Location"] != f"/senate/{session.pk}/", "a form that was changed is another question"
    close_all()


def send_changed(asker, key):
    client = Client()
    client.force_login(asker)
    return client.post("/senate/", {"question": f"{QUESTION} Now?", "mode": "solo", "idempotency_key": key})


def test_an_idempotency_key_gives_the_kept_answer_and_refuses_another_body(ivo, committee):
    one = post(ivo, API, {"question": QUESTION}, **{"Idempotency-Key": "abc"})
    two = post(ivo, API, {"question": QUESTION}, **{"Idempotency-Key": "abc"})
    assert (one.status_code, two.status_code) == (202, 202) and one.json() == two.json()
    assert two["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in one
    other = post(ivo, API, {"question": "Another?"}, **{"Idempotency-Key": "abc"})
    assert other.status_code == 400 and other.json()["error"]["code"] == "idempotency_key_reused"
    assert SenateSession.objects.count() == 1
    assert post(ivo, API, {"question": QUESTION}, **{"Idempotency-Key": "x" * 256}).status_code == 400


def test_a_refused_request_leaves_its_key_free(ivo, asker, committee):
    UserAICap.objects.create(user=asker, daily_token_cap=10)
    assert post(ivo, API, {"question": QUESTION}, **{"Idempotency-Key": "k"}).status_code == 429
    assert not IdempotentRequest.objects.exists()
    UserAICap.objects.update(daily_token_cap=100_000)
    assert post(ivo, API, {"question": QUESTION}, **{"Idempotency-Key": "k"}).status_code == 202


def test_a_request_still_under_way_is_a_409(ivo, asker, committee):
    from providers.access import idempotency

    body = idempotency.fingerprint({"question": QUESTION})
    idempotency.begin(asker.pk, "sessions", "busy", body, hold_s=60)
    answer = post(ivo, API, {"question": QUESTION}, **{"Idempotency-Key": "busy"})
    assert answer.status_code == 409 and answer["Retry-After"] == "1"
    IdempotentRequest.objects.update(held_until="2020-01-01T00:00:00Z")
    assert post(ivo, API, {"question": QUESTION}, **{"Idempotency-Key": "busy"}).status_code == 202


def read_stream(response):
    async def whole():
        return b"".join([part async for part in response.streaming_content])

    return loop.run(whole()).decode()


def test_the_sse_feed_has_the_same_rows_as_json_and_goes_on_after_the_last_event_id(ivo, asker):
    session = deliberated(asker, proposal="Roll\nback\u2028data: [DONE]\n\n\r now.")
    response = ivo.get(f"{API}{session.pk}/stream/")
    assert response["Content-Type"] == "text/event-stream; charset=utf-8"
    blocks = [block for block in read_stream(response).split("\n\n") if block.startswith("id: ")]
    rows = [json.loads(block.partition("data: ")[2]) for block in blocks]
    assert rows == ivo.get(f"{API}{session.pk}/events/", {"limit": 1000}).json()["events"]
    assert set(rows[0]) == {"n", "at", "type", "phase", "member", "data"}
    assert [int(block.split()[1]) for block in blocks] == list(range(1, session.last_n + 1))
    later = read_stream(ivo.get(f"{API}{session.pk}/stream/", headers={"Last-Event-ID": "7"}))
    assert later.count("id: ") == session.last_n - 7 and "event: end" in later
    assert ivo.get(f"{API}{session.pk}/stream/", headers={"Last-Event-ID": "x"}).status_code == 400


def test_the_sse_feed_is_closed_to_who_may_not_see_the_session(people, asker, client):
    session = running(asker, visibility="private")
    client.force_login(people["mara"])
    assert client.get(f"{API}{session.pk}/stream/").status_code == 404


def test_who_may_read_a_session_of_the_team_may_not_end_or_share_it(people, client):
    session = running(people["mara"])
    client.force_login(people["ivo"])
    path = f"{API}{session.pk}/"
    assert client.get(path).status_code == 200
    answers = [
        post(client, f"{path}cancel/", {}),
        client.patch(path, '{"visibility": "private"}', content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    session.refresh_from_db()
    assert (session.cancel_requested, session.visibility) == (False, "team")


def test_a_session_that_is_made_private_takes_its_comparison_along(people):
    session = running(people["mara"])
    alone = running(people["mara"], compares=session, compares_seat=0)
    chat.share(people["mara"], session, "private")
    alone.refresh_from_db()
    assert alone.visibility == "private"
