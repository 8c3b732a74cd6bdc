"""The circuit breaker: opens in a row, never calls while it rests, one probe over all processes, own reasons."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection

from providers import gateway
from providers.configuration import configure
from providers.configuration.directory import Directory
from providers.exceptions import CreditExhausted, KeyRefused, ProviderResting, UpstreamError, UpstreamUnavailable
from providers.ledger import writer
from providers.models import AIServiceConfig, AIUsageLog, ProviderBreaker
from providers.resilience import breaker
from providers.runtime import clock, loop
from providers.runtime.hop import close_all
from providers.types import Purpose
from tests.providers.gateway.test_gateway import KEY, MODEL, ask, assert_nothing_is_held, policy, prompt

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def time(monkeypatch):
    """The time of day, moved by hand: time(minutes)."""
    moment = [START]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def move(minutes: float) -> None:
        moment[0] += timedelta(minutes=minutes)

    return move


def fail(user, times: int, kind: type[UpstreamError] = UpstreamUnavailable) -> None:
    for _ in range(times):
        with pytest.raises(kind):
            ask(user)


def state() -> str:
    row = ProviderBreaker.objects.get(provider="openai", model=MODEL)
    return breaker.state_of(row, AIServiceConfig.get_instance(), clock.now())


def test_five_failures_in_a_row_open_it_and_nothing_is_called_while_it_rests(openai, everyone, time) -> None:
    policy(max_retries=0)
    openai.set_mode("500")
    fail(everyone["ivo"], 4)
    assert state() == "closed"
    fail(everyone["ivo"], 1)
    assert state() == "open"
    time(14.9)
    with pytest.raises(
        ProviderResting, match=r"Provider openai is resting .* 5 attempts in a row failed"
    ) as caught:
        ask(everyone["mara"])
    assert caught.value.http_status == 503
    assert 0 < caught.value.retry_after <= 6
    assert (len(openai.calls), AIUsageLog.objects.count()) == (5, 5)
    assert_nothing_is_held(everyone["ivo"])


def test_a_success_between_failures_begins_the_row_anew(openai, everyone) -> None:
    policy(max_retries=0)
    openai.script("500", "500", "500", "500", "ok", "500", "500", "500", "500")
    fail(everyone["ivo"], 4)
    ask(everyone["ivo"])
    fail(everyone["ivo"], 4)
    assert state() == "closed"
    ask(everyone["ivo"])
    assert ProviderBreaker.objects.get().failures == 0


def test_a_call_whose_repeats_open_it_stops_repeating(openai, everyone, pauses) -> None:
    policy(circuit_breaker_threshold=2)
    openai.set_mode("500")
    fail(everyone["ivo"], 1)
    assert len(openai.calls) == 2


def test_after_its_rest_one_good_probe_closes_it(openai, everyone, time) -> None:
    policy(max_retries=0)
    openai.script(*["500"] * 5)
    fail(everyone["ivo"], 5)
    time(15)
    assert state() == "half_open"
    ask(everyone["ivo"])
    assert state() == "closed"
    ask(everyone["ivo"])


def test_a_bad_probe_opens_it_for_another_rest(openai, everyone, time) -> None:
    policy(max_retries=0)
    openai.set_mode("500")
    fail(everyone["ivo"], 5)
    time(15)
    fail(everyone["ivo"], 1)
    assert state() == "open"
    time(14)
    fail(everyone["ivo"], 1, ProviderResting)
    assert len(openai.calls) == 6


def test_a_shorter_rest_that_an_admin_sets_holds_at_once(openai, everyone, time) -> None:
    policy(max_retries=0, circuit_breaker_threshold=1)
    openai.script("500")
    fail(everyone["ivo"], 1)
    time(5)
    fail(everyone["ivo"], 1, ProviderResting)
    policy(circuit_breaker_reset_minutes=5)
    ask(everyone["ivo"])


def test_the_patience_that_the_upstream_asks_for_is_kept(openai, everyone, time) -> None:
    policy(max_retries=0, circuit_breaker_threshold=1)
    openai.script("429")
    fail(everyone["ivo"], 1, UpstreamError)
    row = ProviderBreaker.objects.get()
    assert row.not_before == START + timedelta(seconds=7)
    ProviderBreaker.objects.update(not_before=START + timedelta(minutes=40))
    time(30)
    assert state() == "open"


@pytest.mark.parametrize(
    ("mode", "kind", "reason", "words"),
    [
        ("401", KeyRefused, "key", "its key is refused"),
        ("402", CreditExhausted, "credit", "its account has no credit left"),
    ],
)
def test_a_refused_key_or_an_empty_account_opens_it_at_once_with_its_own_reason(
    openai, everyone, mode, kind, reason, words
) -> None:
    openai.script(mode)
    fail(everyone["ivo"], 1, kind)
    assert ProviderBreaker.objects.get().reason == reason
    with pytest.raises(ProviderResting, match=words):
        ask(everyone["ivo"])
    assert len(openai.calls) == 1


def test_a_403_may_be_about_what_was_asked_and_opens_only_in_a_row(openai, everyone) -> None:
    openai.script("403")
    fail(everyone["ivo"], 1, KeyRefused)
    ask(everyone["ivo"])


@pytest.mark.parametrize("mode", ["400", "404", "422"])
def test_a_question_that_is_refused_says_nothing_against_the_provider(openai, everyone, mode) -> None:
    policy(circuit_breaker_threshold=1)
    openai.script(mode)
    fail(everyone["ivo"], 1, UpstreamError)
    ask(everyone["ivo"])
    assert not ProviderBreaker.objects.exists()


def test_one_models_trouble_leaves_the_other_models_alone(openai, everyone) -> None:
    policy(circuit_breaker_threshold=1, max_retries=0)
    openai.script("500")
    fail(everyone["ivo"], 1)
    assert ask(everyone["ivo"], prompt("gpt-5.1")).content


def test_a_new_key_closes_it_and_a_late_failure_of_the_old_one_says_nothing(openai, everyone) -> None:
    openai.script("401")
    fail(everyone["ivo"], 1, KeyRefused)
    begun = clock.now()
    configure.save_provider(slug="openai", by="Mara", key=KEY + "x")
    late = breaker.Verdict("openai", MODEL, "key", begun, 1)
    writer.submit(_Tell(late)).result(5)
    assert state() == "closed"
    assert ask(everyone["ivo"]).content


class _Tell:
    """A job of the ledger's writer that only tells a breaker."""

    user_id, reservation, admits = 0, None, False

    def __init__(self, verdict) -> None:
        self.verdict = verdict

    def run(self, database) -> None:
        breaker.feed(database, self.verdict, clock.now())


def test_a_clock_that_went_back_does_not_keep_it_closed_for_hours(openai, everyone, time) -> None:
    policy(circuit_breaker_threshold=1, max_retries=0)
    openai.script("500")
    fail(everyone["ivo"], 1)
    time(-60)
    assert state() == "half_open"


def test_of_twenty_calls_at_once_one_probes(openai, everyone, time) -> None:
    policy(circuit_breaker_threshold=1, max_retries=0)
    openai.script("500", "hold")
    fail(everyone["ivo"], 1)
    time(16)

    async def rush() -> list[object]:
        calls = [gateway.ask(prompt(), "openai", Purpose(everyone["ivo"].pk, "chat")) for _ in range(20)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        await asyncio.to_thread(openai.wait_for, lambda made: len(made) == 2)
        while sum(task.done() for task in tasks) < 19:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            tasks_left = [task for task in tasks if not task.done()]
            if len(tasks_left) == 1:
                break
        openai.release()
        return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = loop.run(rush(), 30)
    assert sum(isinstance(one, ProviderResting) for one in outcomes) == 19
    assert len(openai.calls) == 2
    assert state() == "closed"


def test_a_probe_that_never_came_to_its_call_leaves_its_place(openai, everyone, time) -> None:
    from providers.exceptions import BudgetExceeded
    from providers.models import UserAICap

    policy(circuit_breaker_threshold=1, max_retries=0)
    openai.script("500")
    fail(everyone["ivo"], 1)
    time(16)
    UserAICap.objects.create(user=everyone["lee"], daily_token_cap=1)
    with pytest.raises(BudgetExceeded):
        ask(everyone["lee"])
    assert ask(everyone["ivo"]).content


def test_four_processes_call_nothing_while_it_is_open_and_make_one_probe_in_each_window(openai, everyone) -> None:
    """Each asks eight times at once in every round; the upstream sees no call, then a single one per window."""
    policy(circuit_breaker_threshold=1, max_retries=0)
    openai.script("500")
    fail(everyone["ivo"], 1)
    writer.shut_down()
    close_all()
    database, user = str(connection.settings_dict["NAME"]), str(everyone["ivo"].pk)
    command = [sys.executable, "-m", "tests.providers.resilience.breaker_child", database, user, openai.netloc]
    environment = {**os.environ, "TEST_MASTER_KEY": settings.AI_ENCRYPTION_KEYS[0]}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    children = [subprocess.Popen(command, **pipes) for _ in range(4)]

    def a_round() -> list[str]:
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        return [code for child in children for code in json.loads(child.stdout.readline())]

    try:
        for child in children:
            assert child.stdout.readline() == "ready\n"
        assert set(a_round()) == {"provider_resting"}
        assert len(openai.calls) == 1
        for window in (1, 2):
            ProviderBreaker.objects.update(opened_at=datetime.now(UTC) - timedelta(hours=1))
            openai.script("500")
            outcomes = a_round()
            assert (outcomes.count("upstream_unavailable"), outcomes.count("provider_resting")) == (1, 31)
            assert len(openai.calls) == 1 + window
        ProviderBreaker.objects.update(opened_at=datetime.now(UTC) - timedelta(hours=1))
        assert "ok" in a_round()
    finally:
        for child in children:
            child.kill()
            child.communicate()
    assert state() == "closed"


def test_the_provider_health_of_the_configuration_tells_it(openai, everyone) -> None:
    openai.script("401")
    fail(everyone["ivo"], 1, KeyRefused)
    config = AIServiceConfig.get_instance()
    told = config.provider_health["openai"][MODEL]
    assert (told["state"], told["reason"], told["failures"]) == ("open", "key", 1)
    assert KEY not in json.dumps(config.provider_health)
    with pytest.raises(AttributeError):
        config.provider_health = {}


def test_a_reset_lets_calls_go_again_at_once(openai, everyone) -> None:
    policy(circuit_breaker_threshold=1, max_retries=0)
    openai.script("500")
    fail(everyone["ivo"], 1)
    assert breaker.reset("openai", clock.now()) == 1
    assert ask(everyone["ivo"]).content
    assert Directory().entries["openai"].configured
