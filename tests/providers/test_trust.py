"""Money and exhaustion as an attacker would try them: the cases G and I of the trust list that meet the gateway.

Where each case of the list has its test stands in `tests/trust/shown.py`.
"""

import asyncio
from decimal import Decimal

import pytest

from providers import gateway
from providers.exceptions import AIServiceError, BudgetExceeded, UpstreamBroken, UpstreamError, UpstreamTimeout
from providers.models import AIUsageLog, CapDay, UserAICap
from providers.runtime import loop
from providers.runtime.hop import hop
from providers.types import ChatMessage, Prompt, Purpose
from tests.providers.gateway.test_gateway import ask, assert_nothing_is_held, policy, prompt
from tests.providers.ledger.ledger_kit import assert_reconciled


def at_once(user, count: int) -> list:
    async def rush() -> list:
        calls = [gateway.ask(prompt(), "openai", Purpose(user.pk, "chat")) for _ in range(count)]
        return await asyncio.gather(*calls, return_exceptions=True)

    return loop.run(rush(), 60)


def bound() -> int:
    from tests.providers.resilience.test_retry import prompt_bound

    return prompt_bound()


def test_g1_of_fifty_calls_at_once_a_cap_for_five_lets_at_most_five_through(openai, everyone) -> None:
    UserAICap.objects.create(user=everyone["ivo"], daily_token_cap=5 * bound() + 10)
    openai.set_mode("hold")
    openai.release()
    outcomes = at_once(everyone["ivo"], 50)
    refused = [one for one in outcomes if isinstance(one, BudgetExceeded)]
    assert len(openai.calls) + len(refused) == 50
    used = sum(row.total_tokens for row in AIUsageLog.objects.all())
    assert used <= 5 * bound() + 10
    assert all("Daily token cap exceeded" in one.message and one.http_status == 429 for one in refused)
    assert_nothing_is_held(everyone["ivo"])


def test_g1_while_five_are_under_way_none_of_the_others_reaches_the_upstream(openai, everyone) -> None:
    UserAICap.objects.create(user=everyone["ivo"], daily_token_cap=5 * bound() + 10)
    openai.set_mode("hold")

    async def rush() -> list:
        calls = [gateway.ask(prompt(), "openai", Purpose(everyone["ivo"].pk, "chat")) for _ in range(20)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        while sum(task.done() for task in tasks) < 15:
            await asyncio.wait([task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(openai.wait_for, lambda made: len(made) == 5)
        openai.release()
        return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = loop.run(rush(), 60)
    assert sum(isinstance(one, BudgetExceeded) for one in outcomes) == 15
    assert len(openai.calls) == 5


def test_g3_the_first_requests_of_a_new_user_hold_the_default_cap_together(
    openai, everyone, django_user_model
) -> None:
    newcomer = django_user_model.objects.create_user("new")
    most = Prompt("gpt-6-luna", (ChatMessage("user", "Hello"),), 30_000)
    openai.set_mode("hold")

    async def rush() -> list:
        calls = [gateway.ask(most, "openai", Purpose(newcomer.pk, "chat")) for _ in range(8)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        while sum(task.done() for task in tasks) < 5:
            await asyncio.wait([task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED)
        day = await hop(CapDay.objects.get, user=newcomer)
        openai.release()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [day, *tasks]

    day, *_ = loop.run(rush(), 60)
    assert day.reserved_tokens <= 100_000
    assert len(openai.calls) == 3
    assert_nothing_is_held(newcomer)


def test_g9_every_upstream_call_has_exactly_one_row_whatever_becomes_of_it(openai, everyone) -> None:
    policy(circuit_breaker_threshold=1_000)
    modes = "500 503 ok 429 ok reset cut html empty badjson nousage 401 400 errorevent ok nodone ok".split()
    openai.script(*modes)
    while openai._state.script:
        for on_text in (None, [].append):
            try:
                ask(everyone["ivo"], on_text=on_text)
            except AIServiceError:
                from providers.resilience import breaker
                from providers.runtime import clock

                breaker.reset("openai", clock.now())
    assert len(openai.calls) == AIUsageLog.objects.count() >= len(modes)
    assert_nothing_is_held(everyone["ivo"])
    assert_reconciled()


def test_g15_a_cap_that_is_lowered_refuses_at_once_and_a_raised_one_lets_go(openai, everyone) -> None:
    ask(everyone["ivo"])
    cap = UserAICap.objects.create(user=everyone["ivo"], daily_token_cap=1)
    with pytest.raises(BudgetExceeded):
        ask(everyone["ivo"])
    cap.daily_token_cap = 100_000
    cap.save()
    assert ask(everyone["ivo"]).content


def test_g17_a_free_model_still_answers_when_the_money_is_spent_and_the_token_cap_still_holds(
    upstream, everyone
) -> None:
    from providers.configuration.explicit import ExplicitConnection

    local = ExplicitConnection("local", key="sk-local-0123456789", base_url=upstream.openai_url)
    cap = UserAICap.objects.create(user=everyone["ivo"], daily_cost_cap_usd=Decimal(0))
    assert ask(everyone["ivo"], prompt("fake-brief"), "local", connection=local).cost_usd == 0
    cap.daily_token_cap = 1
    cap.save()
    with pytest.raises(BudgetExceeded, match="token"):
        ask(everyone["ivo"], prompt("fake-brief"), "local", connection=local)


@pytest.mark.parametrize(
    ("mode", "streaming"), [("endless", True), ("loris", False), ("loris", True), ("hang", True)]
)
def test_i3_i4_i5_an_answer_without_end_ends_at_the_deadline_and_is_booked(
    openai, everyone, mode, streaming
) -> None:
    policy(max_retries=0)
    ask(everyone["ivo"])  # so that nothing is set up within the deadline
    openai.set_mode(mode)
    with pytest.raises(UpstreamTimeout):
        ask(everyone["ivo"], on_text=[].append if streaming else None, timeout_s=1.0)
    openai.wait_for(lambda calls: calls[-1].outcome == "left")
    row = AIUsageLog.objects.get(success=False)
    assert (row.success, row.usage_source, row.input_tokens > 0) == (False, "interrupted", True)
    assert_nothing_is_held(everyone["ivo"])


@pytest.mark.parametrize("mode", ["bomb", "huge"])
def test_i1_i2_an_answer_that_is_too_large_is_one_clear_error_and_one_row(openai, everyone, mode) -> None:
    policy(max_retries=0)
    openai.set_mode(mode)
    with pytest.raises(UpstreamBroken) as caught:
        ask(everyone["ivo"])
    assert isinstance(caught.value, UpstreamError)
    assert AIUsageLog.objects.get().error_code == "upstream_broken"
    assert_nothing_is_held(everyone["ivo"])
