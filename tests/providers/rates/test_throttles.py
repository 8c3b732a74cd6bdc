"""Rates: counted per user, exact over threads and processes; nothing is admitted where nothing can be counted."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
import redis

from providers.exceptions import RateLimited
from providers.rates import throttles
from tests import redis_server

NOBODY_HOME = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def fresh(monkeypatch, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(throttles, "_limiter", None)


def test_one_more_than_the_rate_is_told_how_long_to_wait() -> None:
    left = [throttles.take("chat", "2/min", 7).remaining for _ in range(2)]
    assert left == [1, 0]
    with pytest.raises(RateLimited) as caught:
        throttles.take("chat", "2/min", 7)
    assert 0 < caught.value.retry_after <= 60
    assert throttles.take("chat", "2/min", 8).remaining == 1


def test_without_an_answer_from_redis_nothing_is_admitted(settings) -> None:
    settings.REDIS_URL = NOBODY_HOME
    with pytest.raises(throttles.NotCounted) as caught:
        throttles.take("chat", "2/min", 7)
    assert caught.value.http_status == 503
    assert "Redis" in caught.value.message


def test_asking_is_503_and_reading_goes_on_while_redis_is_away(client, people, settings) -> None:
    settings.REDIS_URL = NOBODY_HOME
    client.force_login(people["mara"])
    asked = client.post("/api/v1/senate/sessions/", {"question": "Why?"}, content_type="application/json")
    assert asked.status_code == 503
    assert asked.json()["error"]["code"] == "rate_unavailable"
    assert asked["Retry-After"] == "5"
    assert "Redis does not answer" in client.post("/senate/", {"question": "Why?"}).content.decode()
    assert client.get("/senate/").status_code == 200


@pytest.mark.parametrize("where", ["redis", "file"])
def test_two_processes_of_four_threads_are_admitted_exactly_as_often_as_the_rate_says(where, tmp_path) -> None:
    try:
        with redis_server.server() if where == "redis" else nullcontext("") as url:
            environment = {**os.environ, "TEST_REDIS_URL": url, "TEST_DATA_DIR": str(tmp_path)}
            command = [sys.executable, "-m", "tests.providers.rates.rate_child", "7", "30/min"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
            children = [subprocess.Popen(command, **pipes) for _ in range(2)]
            try:
                for child in children:
                    assert child.stdout.readline() == "ready\n"
                for child in children:
                    child.stdin.write("go\n")
                    child.stdin.flush()
                admitted = [int(child.communicate(timeout=240)[0]) for child in children]
            finally:
                for child in children:
                    child.kill()
                    child.wait()
    except LookupError as error:
        pytest.skip(f"NOT TESTED ON REDIS: {error}")
    assert sum(admitted) == 30


def test_thirty_two_threads_are_admitted_exactly_as_often_as_the_rate_says() -> None:
    def one(_: int) -> bool:
        try:
            throttles.take("chat", "30/min", 7)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(one, range(120))) == 30


@pytest.fixture(scope="module")
def redis_url():
    try:
        with redis_server.server() as url:
            yield url
    except LookupError as error:
        pytest.skip(f"NOT TESTED ON REDIS: {error}")


@pytest.fixture(params=["file", "redis"])
def counted(request, settings):
    """Both places to count in."""
    if request.param == "redis":
        settings.REDIS_URL = request.getfixturevalue("redis_url")
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.flushall()
            client.script_flush()  # as after a restart


def test_requests_that_come_together_are_counted_one_by_one(counted) -> None:
    first = throttles.take_all("chat", "3/min", [7, 8, 7])
    assert [standing.remaining for standing in first] == [2, 2, 1]
    second = throttles.take_all("chat", "3/min", [7, 7, 8])
    assert [getattr(standing, "remaining", None) for standing in second] == [0, None, 1]
    assert isinstance(second[1], RateLimited)
    assert 0 < second[1].retry_after <= 60


def test_what_left_the_window_is_forgotten_in_redis(redis_url, settings) -> None:
    settings.REDIS_URL = redis_url
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        client.lpush("rate:chat:60:7", "1000.5", "1001.5")
        assert throttles.take("chat", "2/min", 7).remaining == 1
        assert client.llen("rate:chat:60:7") == 1
        assert 0 < client.ttl("rate:chat:60:7") <= 60


def test_a_clock_that_was_set_back_refuses_for_one_window_and_not_until_it_is_that_late_again(
    counted, settings, monkeypatch
) -> None:
    from providers.rates import rate_file

    if settings.REDIS_URL:  # whose own clock counts
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.lpush("rate:chat:60:7", *(f"{time.time() + 3600 + n:.6f}" for n in range(2)))
    else:
        with monkeypatch.context() as later:
            later.setattr(rate_file.time, "time", lambda of=time.time: of() + 3600)
            for _ in range(2):
                throttles.take("chat", "2/min", 7)
    with pytest.raises(RateLimited) as caught:
        throttles.take("chat", "2/min", 7)
    assert 50 < caught.value.retry_after <= 60


def test_scopes_and_users_are_counted_apart() -> None:
    throttles.take("chat", "1/min", 7)
    assert throttles.take("analysis", "1/min", 7).remaining == 0
    assert throttles.take("chat", "1/min", 8).remaining == 0


def test_an_hour_later_the_window_is_free_again(monkeypatch) -> None:
    from providers.rates import rate_file

    throttles.take("chat", "1/min", 7)
    later = rate_file.time.time() + 61
    monkeypatch.setattr(rate_file.time, "time", lambda: later)
    assert throttles.take("chat", "1/min", 7).remaining == 0


def test_without_a_place_to_count_in_nothing_is_admitted(settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path / "not-there"
    with pytest.raises(throttles.NotCounted, match="file of rates"):
        throttles.take("chat", "2/min", 7)


def test_the_default_rates_are_those_of_the_documents(settings) -> None:
    assert (throttles.AIChatRateThrottle().rate(), throttles.AIAnalysisRateThrottle().rate()) == (
        "30/min",
        "10/min",
    )


def test_every_answer_tells_the_standing_and_tokens_pages_and_forged_addresses_share_one_count(
    client, people, settings
) -> None:
    from providers.access.identity import make_token

    settings.AI_CHAT_RATE = "3/min"
    ask = {"question": ""}  # refused for its words, but counted: it is a try
    tokens = [make_token(people["ivo"], name)[1] for name in ("one", "two")]
    path, json_of = "/api/v1/senate/sessions/", {"content_type": "application/json"}
    first = client.post(path, ask, headers={"Authorization": f"Bearer {tokens[0]}"}, **json_of)
    assert (first["x-ratelimit-limit-requests"], first["x-ratelimit-remaining-requests"]) == ("3", "2")
    forged = {"Authorization": f"Token {tokens[1]}", "X-Forwarded-For": "203.0.113.9"}
    assert client.post(path, ask, headers=forged, **json_of)["x-ratelimit-remaining-requests"] == "1"
    client.force_login(people["ivo"])
    assert client.post("/senate/", ask)["x-ratelimit-remaining-requests"] == "0"
    refused = client.post(path, ask, headers={"Authorization": f"Bearer {tokens[0]}"}, **json_of)
    assert (refused.status_code, refused["x-ratelimit-remaining-requests"]) == (429, "0")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert refused["x-ratelimit-reset-requests"].endswith("s")
    assert "x-ratelimit-limit-requests" not in client.get("/senate/")
