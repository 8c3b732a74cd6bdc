"""Idempotency-Key on the chat endpoints, and what a committee's stream says while it works."""

import json

import httpx
import pytest

from providers.access.identity import make_token
from providers.models import AIProviderSettings, AIServiceConfig, AIUsageLog, IdempotentRequest
from providers.runtime import loop
from senate.models import SenateSession
from senate.work.desk import DESK
from tests.senate.test_lane import ASK, events


@pytest.fixture
def http(site, upstream, everyone):
    row = AIProviderSettings.get_solo()
    row.local_base_url, row.local_api_key = upstream.openai_url, "sk-local-test-key"
    row.seats = [f"local/fake-{persona}" for persona in ("optimist", "sceptic", "engineer")]
    row.save()
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"max_retries": 0})
    headers = {"Authorization": f"Token {make_token(everyone['ivo'], 'tests')[1]}"}
    with httpx.Client(base_url=f"{site.url}/api/v1/ai/chat", headers=headers, timeout=30) as made:
        yield made


def ask(http, key, path="/completions", **body):
    return http.post(path, json={**ASK, "model": "local", **body}, headers={"Idempotency-Key": key} if key else {})


def test_a_plain_question_with_a_key_is_paid_once(http, upstream):
    one, two = ask(http, "k1"), ask(http, "k1")
    assert one.status_code == two.status_code == 200
    assert one.json()["choices"] == two.json()["choices"] and one.json()["metadata"] == two.json()["metadata"]
    assert "Idempotent-Replayed" not in one.headers and two.headers["Idempotent-Replayed"] == "true"
    assert len(upstream.calls) == AIUsageLog.objects.count() == 1
    other = ask(http, "k1", messages=[{"role": "user", "content": "Another?"}])
    assert (other.status_code, other.json()["error"]["code"]) == (400, "idempotency_key_reused")
    assert ask(http, "x" * 300).status_code == 400
    assert ask(http, "").status_code == 200 and len(upstream.calls) == 2


def test_a_stream_is_replayed_as_a_stream(http, upstream):
    one, two = ask(http, "k2", "/stream/"), ask(http, "k2", "/stream/")
    said = [
        "".join(json.loads(e)["choices"][0]["delta"].get("content", "") for e in events(r.text)[:-1])
        for r in (one, two)
    ]
    assert said[0] == said[1] and said[0] and len(upstream.calls) == 1
    assert two.headers["Idempotent-Replayed"] == "true"


def test_an_upstreams_failure_is_kept_and_a_refusal_is_not(http, upstream):
    upstream.script("500")
    one, two = ask(http, "k3"), ask(http, "k3")
    assert one.status_code == two.status_code == 502 and one.json() == two.json()
    assert len(upstream.calls) == 1
    assert ask(http, "k4", model="nobody").status_code == 400
    assert IdempotentRequest.objects.filter(key="k4").count() == 0


def work_on(session):
    loop.run(DESK.take(session.pk))


def test_a_committee_tells_its_phases_and_its_votes_and_a_repeat_follows_the_same_session(http, upstream):
    upstream.script("hold", "hold", "hold")
    with http.stream(
        "POST", "/stream/", json={**ASK, "model": "senate"}, headers={"Idempotency-Key": "k5"}
    ) as gone:
        next(gone.iter_bytes())
        session = SenateSession.objects.get()
        work_on(session)
        upstream.wait_for(lambda calls: len(calls) == 3, 20)
    upstream.release()  # the client left; the session goes on
    again = ask(http, "k5", "/stream/", model="senate")
    assert again.headers["Idempotent-Replayed"] == "true"
    comments = [line for line in again.text.splitlines() if line.startswith(": ")]
    assert {": phase.started propose", ": phase.started review", ": phase.started chair"} <= set(comments)
    last = json.loads(events(again.text)[-2])
    assert last["metadata"]["session_id"] == session.pk and len(last["metadata"]["votes"]) == 6
    assert last["metadata"]["resolution"]["kind"] == "written"
    assert SenateSession.objects.count() == 1 and len(upstream.calls) == 7
    session.refresh_from_db()
    assert session.state == "done"
