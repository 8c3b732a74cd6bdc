"""The chat endpoints as clients meet them: the official SDK over real HTTP, and every kind of bad request."""

import json
from decimal import Decimal

import httpx
import openai
import pytest

from providers.access.identity import make_token
from providers.models import AIProviderSettings, AIUsageLog, CapDay, UserAICap
from providers.resilience import breaker
from providers.runtime import clock

KEY = "sk-canary-0123456789abcdef0123456789abcdef"
ASK = {"messages": [{"role": "user", "content": "Why is my deploy stuck?"}]}


@pytest.fixture
def token(site, upstream, everyone) -> str:
    row = AIProviderSettings.get_solo()
    row.openai_api_key, row.openai_base_url = KEY, upstream.openai_url
    row.save()
    return make_token(everyone["ivo"], "tests")[1]


@pytest.fixture
def client(site, token):
    with openai.OpenAI(base_url=f"{site.url}/api/v1/ai", api_key=token, max_retries=0) as made:
        yield made


@pytest.fixture
def http(site, token):
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=f"{site.url}/api/v1/ai/chat", headers=headers, timeout=20) as made:
        yield made


def events(text: str) -> list[str]:
    return [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]


@pytest.mark.parametrize("model", ["auto", "solo", "openai", "openai/gpt-6-luna"])
def test_the_official_client_gets_an_answer(client, model) -> None:
    answer = client.chat.completions.create(model=model, **ASK)
    row = AIUsageLog.objects.get()
    assert answer.choices[0].message.content
    assert answer.usage.total_tokens == row.total_tokens
    assert Decimal(answer.metadata["cost_usd"]) == row.actual_cost_usd
    assert answer.metadata["mode"] == "solo"


def test_the_official_client_streams(client) -> None:
    stream = client.chat.completions.create(
        model="openai", stream=True, stream_options={"include_usage": True}, **ASK
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == client.chat.completions.create(model="openai", **ASK).choices[0].message.content
    assert len({c.id for c in chunks}) == 1
    assert chunks[-1].usage.total_tokens > 0


def test_models_are_listed_for_the_official_client(client) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["auto", "solo", "code-review", "senate", "openai", "openai/gpt-6-luna"]


@pytest.mark.parametrize("path", ["/completions", "/completions/"])
@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
def test_both_spellings_of_path_and_token_are_taken(http, token, path, scheme) -> None:
    answer = http.post(path, json=ASK, headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-limit-requests"] == "30"


def test_the_stream_endpoint_sends_the_id_first_and_done_last(http) -> None:
    answer = http.post("/stream/", json=ASK)
    data = events(answer.text)
    assert json.loads(data[0])["id"].startswith("chatcmpl-")
    assert data[-1] == "[DONE]"


@pytest.mark.parametrize("mode", ["401", "429", "500", "html", "empty", "cut", "nodone", "errorevent"])
def test_a_failed_stream_is_one_error_event_and_done(http, upstream, everyone, mode) -> None:
    upstream.set_mode(mode)
    answer = http.post("/stream/", json=ASK)
    data = events(answer.text)
    assert answer.status_code == 200
    assert data[-1] == "[DONE]"
    error = json.loads(data[-2])["error"]
    assert error["message"].startswith("Provider openai failed")
    assert "event: error" in answer.text
    repeated = 3 if mode in {"429", "500"} else 0
    assert AIUsageLog.objects.count() == 1 + repeated
    assert CapDay.objects.get(user=everyone["ivo"]).reserved_tokens == 0


def test_an_upstream_401_reaches_the_client_as_502(client, upstream) -> None:
    upstream.script("401")
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="openai", **ASK)
    assert caught.value.status_code == 502
    assert caught.value.body["code"] == "key_refused"


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", {}, 400, "invalid_body"),
        (b"nope", {}, 400, "invalid_body"),
        (b'{"messages": [], "x": 1}', {}, 400, "invalid_input"),
        (json.dumps({**ASK, "model": "nobody/x"}).encode(), {}, 400, "model_not_found"),
        (json.dumps({**ASK, "model": "claude"}).encode(), {}, 503, "not_configured"),
        (json.dumps({**ASK, "model": "senate"}).encode(), {}, 400, "too_few_members"),
        (b"x" * (5 * 1024 * 1024), {}, 413, "body_too_large"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b"{}", {"Authorization": "Bearer wrong"}, 401, "invalid_api_key"),
        (b"{}", {"Authorization": "Basic eDp5"}, 401, "invalid_api_key"),
    ],
)
@pytest.mark.parametrize("path", ["/completions", "/stream/"])
def test_a_bad_request_is_one_json_error(http, upstream, path, content, headers, status, code) -> None:
    answer = http.post(path, content=content, headers={"Content-Type": "application/json", **headers})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert set(error) == {"message", "type", "code", "param"}
    assert upstream.calls == []


def test_over_the_cap_is_429_with_the_reason(http, everyone, upstream) -> None:
    UserAICap.objects.create(user=everyone["ivo"], daily_token_cap=10)
    for path in ("/completions", "/stream/"):
        answer = http.post(path, json=ASK)
        assert answer.status_code == 429
        assert answer.json()["error"]["message"].startswith("Daily token cap exceeded")
        assert int(answer.headers["Retry-After"]) > 0
    assert upstream.calls == []


def test_the_thirty_first_question_in_a_minute_waits(http, settings) -> None:
    settings.AI_CHAT_RATE = "2/min"
    statuses = [
        http.post("/completions", content=b"{}", headers={"Content-Type": "application/json"}) for _ in "123"
    ]
    assert [s.status_code for s in statuses] == [400, 400, 429]
    assert statuses[-1].json()["error"]["type"] == "rate_limit_error"


def test_a_viewer_may_not_ask(site, http, everyone) -> None:
    secret = make_token(everyone["lee"], "tests")[1]
    answer = http.post("/completions", json=ASK, headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")


def test_no_provider_says_where_to_add_a_key(http) -> None:
    AIProviderSettings.objects.all().update(openai_base_url="", openai_api_key="")
    answer = http.post("/completions", json=ASK)
    assert answer.status_code == 503
    assert answer.json()["error"]["message"] == "No AI providers configured. Add an API key in Settings > AI."


def test_a_client_that_leaves_cancels_the_call_upstream(http, upstream, everyone) -> None:
    upstream.script("hangmid")
    with http.stream("POST", "/stream/", json=ASK) as answer:
        lines = answer.iter_lines()  # kept: one that nobody holds hangs up
        next(lines)
        upstream.wait_for(lambda calls: calls)
    upstream.wait_for(lambda calls: calls and calls[-1].outcome == "left")


def test_a_cookie_needs_the_csrf_token(site, token, everyone) -> None:
    from django.test import Client

    browser = Client()
    browser.force_login(everyone["ivo"])
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    answer = httpx.post(f"{site.url}/api/v1/ai/chat/completions", json=ASK, cookies=cookies, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")


def test_a_key_in_an_answer_is_masked_even_when_split(http, upstream) -> None:
    question = {"messages": [{"role": "user", "content": f"echo {KEY}"}]}
    for path in ("/completions", "/stream/"):
        assert KEY not in http.post(path, json=question).text


def test_the_lane_sends_the_headers_that_every_page_has(site, http) -> None:
    page = httpx.get(f"{site.url}/login/", timeout=30)
    names = {"content-security-policy", "referrer-policy", "x-frame-options", "permissions-policy"}
    names |= {"cross-origin-opener-policy", "x-content-type-options", "cache-control", "x-request-id"}
    for answer in (page, http.post("/completions", json={**ASK, "model": "openai"}), http.get("/nothing")):
        assert names <= set(answer.headers)


def test_a_foreign_host_name_is_refused_like_on_every_page(http) -> None:
    answer = http.post("/completions", json=ASK, headers={"Host": "evil.test"})
    assert answer.status_code == 400
    assert "ALLOWED_HOSTS" in answer.json()["error"]["message"]


def test_official_clients_are_told_not_to_pay_twice_for_what_waiting_will_not_cure(http, upstream) -> None:
    for mode, told in (("401", "false"), ("html", "false"), ("503", None)):
        upstream.set_mode(mode)
        breaker.reset("openai", clock.now())  # the refused key has opened it
        assert http.post("/completions", json={**ASK, "model": "openai"}).headers.get("x-should-retry") == told
