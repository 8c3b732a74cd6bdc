"""Redis that is slow or says nothing (fault F5): pages go on, what costs money is refused, no request hangs."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from aiops_site.operation import heartbeat
from aiops_site.sign_in import signin_limit
from providers.rates import throttles
from tests import redis_server
from tests.aiops_site.running import ROOT, environment
from tests.aiops_site.slow_redis import Line

SOON = 60.0  # seconds; a hang has no end, and a busy machine is slow
PAGES = (
    "/",
    "/senate/",
    "/usage/",
    "/usage/calls/",
    "/services/",
    "/providers/",
    "/incidents/",
    "/jules/",
    "/account/",
)
PUBLISH = """
import django; django.setup()
from senate.work import nudges
nudges.workers(1)
print("went on")
"""


@pytest.fixture
def line(settings, monkeypatch) -> Iterator[Line]:
    """What the site takes for its Redis, with three hearts that beat in it."""
    try:
        with redis_server.server() as url, Line(urlsplit(url).port or 0) as made:
            settings.REDIS_URL = made.url
            monkeypatch.setattr(signin_limit, "_away_until", 0.0)
            monkeypatch.setattr(throttles, "_limiter", None)
            for name in ("worker", "senate", "beat"):
                heartbeat.beat(name)
            yield made
    except LookupError as error:
        pytest.skip(f"NOT TESTED WITH A SLOW REDIS: {error}")


def in_time(line: Line, *asked: Callable[[], Any]) -> list[Any]:
    """What each answers, all asked at once; fails where one is still waiting when `SOON` is over."""

    def one(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(asked)) as pool:
        running = [pool.submit(one, ask) for ask in asked]
        try:
            return [each.result(SOON) for each in running]
        finally:
            line.go_on()


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def questions(person: Any) -> list[Callable[[], Any]]:
    """A page, a list, health, readiness, a wrong sign-in, and what costs money."""
    reader, asker = signed_in(person), signed_in(person)
    wrong = {"username": "nobody", "password": "no"}
    body = {"question": "Why?"}
    return [
        lambda: reader.get("/senate/"),
        lambda: reader.get("/api/v1/ai/usage/"),
        lambda: Client().get("/healthz"),
        lambda: Client().get("/readyz"),
        lambda: Client().post("/login/", wrong),
        lambda: asker.post("/api/v1/senate/sessions/", body, content_type="application/json"),
    ]


def test_f5_while_redis_says_nothing_pages_go_on_and_money_is_refused(line, everyone) -> None:
    asked = questions(everyone["ivo"])
    line.hold()
    page, listed, alive, ready, refused, paid = in_time(line, *asked)
    assert (page.status_code, listed.status_code, alive.status_code) == (200, 200, 200)
    assert (ready.status_code, refused.status_code, paid.status_code) == (503, 400, 503)
    assert paid.json()["error"]["code"] == "rate_unavailable" and paid["Retry-After"] == "5"
    parts = ready.json()["parts"]
    assert {name for name, part in parts.items() if not part["ok"]} >= {"redis", "worker", "senate", "beat"}


def test_f5_with_half_a_second_to_redis_and_back_everything_still_answers(line, everyone) -> None:
    asked = questions(everyone["ivo"])
    line.delay_s = 0.25
    page, listed, alive, ready, refused, paid = in_time(line, *asked)
    assert (page.status_code, listed.status_code, alive.status_code, refused.status_code) == (200, 200, 200, 400)
    assert ready.json()["parts"]["redis"]["ok"] and ready.json()["parts"]["senate"]["ok"]
    assert paid.json()["error"]["code"] != "rate_unavailable", "it was counted: what is missing is a provider"


def test_f5_no_page_asks_redis_and_who_must_asks_in_one_exchange(line, everyone) -> None:
    reader = signed_in(everyone["mara"])
    before = line.asked
    for path in PAGES:
        assert reader.get(path).status_code == 200, path
    assert line.asked == before
    for path, exchanges in (("/readyz", 1), ("/metrics", 2)):
        before = line.asked
        reader.get(path)
        assert line.asked - before == exchanges, path


def test_f5_a_wrong_sign_in_asks_a_silent_redis_once_and_counts_by_itself(line, everyone, monkeypatch) -> None:
    """Else each of its questions would wait, and ten wrong ones would be eleven."""
    signin_limit.limiter.cache_clear()
    line.hold()
    wrong = {"username": "mara", "password": "no"}
    said = in_time(line, lambda: [Client().post("/login/", wrong).status_code for _ in range(11)])
    assert said == [[400] * 10 + [429]]
    signin_limit.limiter.cache_clear()


def test_f5_a_nudge_to_a_worker_gives_up_where_the_broker_says_nothing(line, tmp_path) -> None:
    line.hold()
    env = environment(tmp_path, REDIS_URL=line.url, DJANGO_SETTINGS_MODULE="aiops_site.settings")
    command = [sys.executable, "-c", PUBLISH]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=2 * SOON)
    assert done.stdout.strip().endswith("went on"), done.stderr[-2000:]
    assert "waits for the next tick" in done.stdout + done.stderr
