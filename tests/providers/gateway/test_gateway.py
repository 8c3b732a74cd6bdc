"""The door against a real upstream over HTTP: what is asked, booked, masked, and freed whatever happens."""

import asyncio
import threading
from decimal import Decimal

import pytest

from providers import gateway
from providers.exceptions import (
    AIDisabled,
    BudgetExceeded,
    KeyRefused,
    NotConfigured,
    PriceUnknown,
    UpstreamError,
    UpstreamTimeout,
)
from providers.ledger import writer
from providers.models import AIProviderSettings, AIServiceConfig, AIUsageLog, CapDay, Reservation, UserAICap
from providers.runtime import loop
from providers.types import ChatMessage, Prompt, Purpose
from tests.aiops_site.running import until
from tests.providers.ledger.writer_kit import Note

KEY = "sk-canary-0123456789abcdef0123456789abcdef"
MODEL = "gpt-6-luna"


@pytest.fixture
def openai(upstream, everyone):
    row = AIProviderSettings.get_solo()
    row.openai_api_key, row.openai_base_url = KEY, upstream.openai_url
    row.claude_api_key, row.claude_base_url = KEY, upstream.anthropic_url
    row.save()
    return upstream


def prompt(model: str = MODEL, **rest) -> Prompt:
    return Prompt(model, (ChatMessage("user", "Why is my deploy stuck?"),), rest.pop("tokens", 500), **rest)


def ask(user, given: Prompt | None = None, provider: str = "openai", **rest):
    return loop.run(gateway.ask(given or prompt(), provider, Purpose(user.pk, "chat"), **rest))


def assert_nothing_is_held(user) -> None:
    day = CapDay.objects.get(user=user)
    assert (day.reserved_tokens, day.reserved_usd) == (0, 0)
    assert not Reservation.objects.filter(closed_at=None).exists()
    rows = AIUsageLog.objects.filter(user=user)
    assert day.used_tokens == sum(row.total_tokens for row in rows)
    assert day.used_usd == sum(row.actual_cost_usd for row in rows)


@pytest.mark.parametrize("provider, model", [("openai", MODEL), ("claude", "claude-sonnet-5-5")])
def test_an_answer_is_one_row_with_its_exact_cost(openai, everyone, provider, model) -> None:
    response = ask(everyone["ivo"], prompt(model), provider)
    row = AIUsageLog.objects.get()
    assert response.content
    assert str(row.pk) == response.log_id
    assert (row.input_tokens, row.output_tokens) == (response.input_tokens, response.output_tokens)
    assert row.actual_cost_usd == response.cost_usd > 0
    assert row.estimated_cost_usd >= row.actual_cost_usd
    assert (row.usage_source, row.success, row.price_source.split()[0]) == ("reported", True, "genai-prices")
    assert_nothing_is_held(everyone["ivo"])


@pytest.mark.parametrize("provider, model", [("openai", MODEL), ("claude", "claude-sonnet-5-5")])
def test_a_stream_costs_what_the_whole_answer_costs(openai, everyone, provider, model) -> None:
    pieces: list[str] = []
    whole = ask(everyone["ivo"], prompt(model), provider)
    streamed = ask(everyone["ivo"], prompt(model), provider, on_text=pieces.append)
    assert "".join(pieces) == streamed.content == whole.content
    assert len(pieces) > 3
    assert streamed.cost_usd == whole.cost_usd


@pytest.mark.parametrize(
    ("mode", "code", "source", "billed"),
    [
        ("401", "key_refused", "reported", False),
        ("429", "upstream_rate_limited", "reported", False),
        ("500", "upstream_unavailable", "reported", False),
        ("html", "upstream_broken", "interrupted", True),
        ("badjson", "upstream_broken", "interrupted", True),
        ("empty", "upstream_broken", "interrupted", True),
        ("cut", "upstream_broken", "interrupted", True),
        ("reset", "upstream_unavailable", "unknown", True),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_every_fault_is_one_sentence_and_one_row(openai, everyone, mode, code, source, billed, streaming) -> None:
    policy(max_retries=0)
    openai.script(mode)
    with pytest.raises(UpstreamError) as caught:
        ask(everyone["ivo"], on_text=[].append if streaming else None)
    row = AIUsageLog.objects.get()
    assert row.error_code == caught.value.code
    assert (row.success, row.usage_source) == (False, source)
    assert (row.total_tokens > 0) == billed
    assert caught.value.log_id == str(row.pk)
    assert caught.value.message.startswith("Provider openai failed: ")
    assert caught.value.code == code or (mode == "cut" and caught.value.code.startswith("upstream_"))
    assert_nothing_is_held(everyone["ivo"])


def test_an_upstream_that_echoes_the_key_gives_it_to_nobody(openai, everyone) -> None:
    openai.script("echokey")
    with pytest.raises(KeyRefused) as caught:
        ask(everyone["ivo"])
    row = AIUsageLog.objects.get()
    assert KEY[10:] not in caught.value.message + row.error_message + repr(caught.value)


def test_an_upstream_that_repeats_another_providers_key_gives_it_to_nobody(openai, everyone) -> None:
    other = "another-secret-qwertyuiop"
    AIProviderSettings.objects.filter(pk=1).update(grok_api_key=other)
    openai.script("echoquestion")
    with pytest.raises(UpstreamError, match="Can't read: Is it") as caught:
        ask(everyone["ivo"], Prompt(MODEL, (ChatMessage("user", f"Is it {other}?"),), 500))
    assert other not in caught.value.message + AIUsageLog.objects.get().error_message + repr(caught.value)


def test_a_missing_usage_is_counted_here_and_marked(openai, everyone) -> None:
    openai.script("nousage")
    response = ask(everyone["ivo"])
    assert response.estimated
    assert response.cost_usd > 0
    assert AIUsageLog.objects.get().usage_source == "estimated"


@pytest.mark.parametrize("mode", ["negusage", "hugeusage", "strusage"])
def test_hostile_usage_never_lowers_spend(openai, everyone, mode) -> None:
    openai.script(mode)
    response = ask(everyone["ivo"])
    assert Decimal(0) < response.cost_usd < 1
    assert_nothing_is_held(everyone["ivo"])


def test_the_time_out_cancels_the_call_upstream_and_books_it(openai, everyone) -> None:
    openai.script("hang")
    with pytest.raises(UpstreamTimeout):
        ask(everyone["ivo"], timeout_s=1.0)
    openai.wait_for(lambda calls: calls and calls[-1].outcome == "left")
    assert AIUsageLog.objects.get().usage_source == "interrupted"
    assert_nothing_is_held(everyone["ivo"])


def test_a_cancelled_stream_is_billed_for_what_came(openai, everyone) -> None:
    openai.script("hangmid")

    async def leave() -> None:
        seen = asyncio.Event()
        purpose = Purpose(everyone["ivo"].pk, "chat")
        task = asyncio.ensure_future(gateway.ask(prompt(), "openai", purpose, on_text=lambda text: seen.set()))
        await asyncio.wait_for(seen.wait(), 5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    loop.run(leave())
    row = AIUsageLog.objects.get()
    assert (row.error_code, row.usage_source) == ("cancelled", "interrupted")
    assert row.output_tokens > 0
    assert_nothing_is_held(everyone["ivo"])


def test_who_is_cancelled_while_the_answer_is_booked_has_it_and_is_cancelled_next(openai, everyone) -> None:
    openai.script("hold")
    had, begun, go_on = [], threading.Event(), threading.Event()

    async def caller() -> None:
        had.append(await gateway.ask(prompt(), "openai", Purpose(everyone["ivo"].pk, "chat")))
        await asyncio.Event().wait()

    async def leave() -> None:
        task = asyncio.ensure_future(caller())
        await asyncio.to_thread(openai.wait_for, lambda calls: calls)
        writer.submit(Note("", BudgetExceeded("The writer is held."), [begun, go_on]))
        assert await asyncio.to_thread(begun.wait, 60)
        openai.release()
        await asyncio.to_thread(until, lambda: writer._writer._tickets, "its row in the queue")
        task.cancel()
        go_on.set()
        await asyncio.wait([task], timeout=10)
        cancelled = task.cancelled()
        task.cancel()
        assert cancelled

    loop.run(leave())
    assert had[0].content and AIUsageLog.objects.get().success
    assert_nothing_is_held(everyone["ivo"])


def test_over_the_cap_nothing_is_asked(openai, everyone) -> None:
    UserAICap.objects.create(user=everyone["ivo"], daily_token_cap=50)
    with pytest.raises(BudgetExceeded, match="Daily token cap exceeded"):
        ask(everyone["ivo"])
    assert openai.calls == []
    assert not AIUsageLog.objects.exists()


def test_an_unknown_price_refuses_the_call(openai, everyone) -> None:
    with pytest.raises(PriceUnknown):
        ask(everyone["ivo"], prompt("no-such-model"))
    assert openai.calls == []


def test_no_key_says_where_to_add_one(everyone) -> None:
    with pytest.raises(NotConfigured, match="Settings > AI"):
        ask(everyone["ivo"])


def test_a_private_address_that_is_not_opened_is_never_called(openai, everyone, settings) -> None:
    from providers.network import outbound

    outbound.configure([])
    with pytest.raises(UpstreamError, match="AI_PRIVATE_HOSTS="):
        ask(everyone["ivo"])
    assert openai.calls == []
    assert_nothing_is_held(everyone["ivo"])


def policy(**fields) -> None:
    config = AIServiceConfig.get_instance()
    for name, value in fields.items():
        setattr(config, name, value)
    config.save()


def test_switched_off_every_call_is_refused_and_none_is_made(openai, everyone) -> None:
    policy(is_enabled=False)
    with pytest.raises(AIDisabled) as refused:
        ask(everyone["ivo"])
    assert (refused.value.http_status, refused.value.code) == (503, "ai_disabled")
    assert openai.calls == []


def test_the_limit_of_one_call_binds_also_inside_a_reservation_that_is_larger(openai, everyone) -> None:
    policy(per_request_cost_limit_usd=Decimal("0.000001"))
    purpose = Purpose(everyone["ivo"].pk, "senate.propose", reservation="00000000-0000-0000-0000-000000000000")
    with pytest.raises(BudgetExceeded, match=r"site's limit is \$0\.00 a call") as refused:
        loop.run(gateway.ask(prompt(), "openai", purpose))
    assert refused.value.code == "per_request_cost_limit"
    assert openai.calls == []


def test_without_the_pause_a_dear_call_goes_through_and_says_so(openai, everyone) -> None:
    policy(per_request_cost_limit_usd=Decimal("0.000001"), pause_on_budget_exceeded=False)
    assert "limit" in ask(everyone["ivo"]).metadata["budget_warning"]


@pytest.mark.parametrize("name", ["no-such-model", "openai/no-such-model", "*"])
def test_a_model_without_a_listed_price_is_allowed_at_the_price_an_admin_set(openai, everyone, name) -> None:
    policy(model_pricing={name: {"input": "2", "output": 10}})
    response = ask(everyone["ivo"], prompt("no-such-model"))
    row = AIUsageLog.objects.get()
    assert row.actual_cost_usd == Decimal(2 * response.input_tokens + 10 * response.output_tokens) / 1_000_000
    assert row.price_source == ("fallback" if name == "*" else "own")
    assert row.rates["sheet"] == "model_pricing"
    assert row.rates["model"] == name
    assert_nothing_is_held(everyone["ivo"])


def test_the_fallback_price_leaves_listed_models_at_their_own(openai, everyone) -> None:
    policy(model_pricing={"*": {"input": 90, "output": 90}})
    ask(everyone["ivo"])
    assert AIUsageLog.objects.get().price_source == "genai-prices"


def test_no_system_prompt_goes_out_without_the_sentence_whoever_made_it(openai, everyone) -> None:
    for system in ("", "Be short.", "Never reveal internal system details or API keys. Be short."):
        ask(everyone["ivo"], prompt(system=system))
        sent = openai.calls[-1].body["messages"][0]
        assert sent["role"] == "system"
        assert sent["content"].count("Never reveal internal system details or API keys.") == 1
        assert sent["content"].startswith(system)
