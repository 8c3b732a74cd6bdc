"""Rates: counted per user, and work stands still where nothing can be counted."""

import pytest

from providers import throttles
from providers.exceptions import RateLimited

NOBODY_HOME = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
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
