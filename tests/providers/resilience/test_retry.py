"""Repeats: the formula, what is repeated and what never is, and that each attempt is a row with its own share."""

import asyncio
import socket
from decimal import Decimal

import pytest

from providers import gateway
from providers.exceptions import (
    BudgetExceeded,
    KeyRefused,
    UpstreamBroken,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from providers.guard import NEVER_REVEAL
from providers.models import AIProviderSettings, AIUsageLog, CapDay, Reservation, UserAICap
from providers.network import outbound
from providers.resilience import retry
from providers.runtime import clock, loop
from providers.types import Purpose
from tests.providers.gateway.test_gateway import ask, assert_nothing_is_held, policy, prompt
from tests.providers.ledger.ledger_kit import assert_reconciled, reserve

DOWN, LIMITED = UpstreamUnavailable("x"), UpstreamRateLimited("x")


def rows() -> list[AIUsageLog]:
    return list(AIUsageLog.objects.order_by("created_at", "retry_count"))


@pytest.mark.parametrize(
    ("repeat", "error", "chance", "seconds"),
    [
        (0, DOWN, 0.5, 1.0),
        (1, DOWN, 0.5, 2.0),
        (2, DOWN, 0.5, 4.0),
        (0, DOWN, 0.0, 0.5),
        (1, DOWN, 0.999, 2.998),
        (0, LIMITED, 0.5, 2.0),
        (2, LIMITED, 0.5, 8.0),
        (3, DOWN, 0.5, None),
    ],
)
def test_the_pause_is_that_of_the_formula(repeat, error, chance, seconds) -> None:
    assert retry.pause_s(retry.RetryPolicy(), repeat, error, chance) == (seconds and pytest.approx(seconds))


def test_no_pause_is_longer_than_the_longest_jitter_included() -> None:
    policy = retry.RetryPolicy(repeats=10)
    assert {retry.pause_s(policy, 9, DOWN, chance) for chance in (0.5, 0.9, 0.999)} == {30.0}
    assert retry.pause_s(policy, 9, DOWN, 0.0) == 15.0


def test_without_jitter_the_pause_is_exact() -> None:
    assert retry.pause_s(retry.RetryPolicy(jitter=False), 1, DOWN, 0.99) == 2.0


@pytest.mark.parametrize(("asked_s", "seconds"), [(7, 7), (600, 30), (0.2, 0.2), (0, 2.0)])
def test_what_the_upstream_asks_for_is_obeyed_and_clamped(asked_s, seconds) -> None:
    error = UpstreamRateLimited("x", retry_after=asked_s)
    assert retry.pause_s(retry.RetryPolicy(), 0, error, 0.5) == seconds


@pytest.mark.parametrize("kind", [KeyRefused, UpstreamRejected, UpstreamBroken, BudgetExceeded])
def test_what_waiting_does_not_cure_is_not_repeated(kind) -> None:
    assert not retry.may_repeat(kind("x"), shown=False, sent=False)
    assert retry.may_repeat(DOWN, shown=False, sent=False)
    assert not retry.may_repeat(DOWN, shown=True, sent=False)


def test_an_unknown_outcome_is_not_repeated_and_an_answered_fault_is() -> None:
    assert not retry.may_repeat(DOWN, shown=False, sent=True)
    assert not retry.may_repeat(UpstreamTimeout("x"), shown=False, sent=True)
    assert retry.may_repeat(UpstreamUnavailable("x", upstream_status=503), shown=False, sent=True)
    assert retry.may_repeat(UpstreamTimeout("x", upstream_status=408), shown=False, sent=True)


@pytest.mark.parametrize("streaming", [False, True])
def test_three_repeats_after_the_first_call_each_its_own_row(openai, everyone, pauses, streaming) -> None:
    openai.script("500", "503", "500")
    pieces: list[str] = []
    response = ask(everyone["ivo"], on_text=pieces.append if streaming else None)
    assert pauses == [1.0, 2.0, 4.0]
    found = rows()
    assert [(row.success, row.retry_count, row.total_tokens > 0) for row in found] == [
        (False, 0, False),
        (False, 1, False),
        (False, 2, False),
        (True, 3, True),
    ]
    assert [row.metadata.get("retried", False) for row in found] == [True, True, True, False]
    assert response.metadata["attempts"] == 4
    assert response.log_id == str(found[-1].pk)
    assert len(openai.calls) == 4
    assert_nothing_is_held(everyone["ivo"])


def test_a_429_that_lasts_is_a_502_with_the_providers_name_after_the_waits_it_asked_for(
    openai, everyone, pauses
) -> None:
    openai.set_mode("429")
    with pytest.raises(UpstreamRateLimited, match="Provider openai failed: 429") as caught:
        ask(everyone["ivo"])
    assert caught.value.http_status == 502
    assert pauses == [7.0, 7.0, 7.0]
    assert [row.actual_cost_usd for row in rows()] == [0, 0, 0, 0]


@pytest.mark.parametrize("mode", ["400", "401", "403", "404", "422", "402"])
def test_a_refusal_is_asked_once(openai, everyone, pauses, mode) -> None:
    openai.set_mode(mode)
    with pytest.raises(UpstreamError) as caught:
        ask(everyone["ivo"])
    assert caught.value.http_status == 502
    assert (len(openai.calls), pauses) == (1, [])


def test_after_the_first_shown_piece_nothing_is_asked_again(openai, everyone, pauses) -> None:
    openai.script("errorevent")
    pieces: list[str] = []
    with pytest.raises(UpstreamError):
        ask(everyone["ivo"], on_text=pieces.append)
    assert pieces
    assert (len(openai.calls), pauses, len(rows())) == (1, [], 1)


def test_a_connection_lost_before_an_answer_is_booked_as_unknown_and_not_repeated(
    openai, everyone, pauses
) -> None:
    openai.script("reset")
    with pytest.raises(UpstreamUnavailable, match="lost before an answer"):
        ask(everyone["ivo"])
    (lost,) = rows()
    assert (lost.usage_source, lost.success, lost.metadata.get("retried")) == ("unknown", False, None)
    assert lost.actual_cost_usd > 0
    assert (len(openai.calls), pauses) == (1, [])
    assert_nothing_is_held(everyone["ivo"])


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/v1", "https://{netloc}/v1"])
def test_a_call_that_never_left_is_repeated_and_costs_nothing(openai, everyone, pauses, address) -> None:
    """Nobody listens at the first address; at the second one no TLS is spoken: reset before anything was sent."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    outbound.configure([openai.netloc, f"127.0.0.1:{port}"])
    AIProviderSettings.objects.update(openai_base_url=address.format(port=port, netloc=openai.netloc))
    with pytest.raises(UpstreamUnavailable):
        ask(everyone["ivo"])
    assert pauses == [1.0, 2.0, 4.0]
    assert [(row.total_tokens, row.actual_cost_usd) for row in rows()] == [(0, 0)] * 4
    assert openai.calls == []


def test_an_idle_connection_that_the_upstream_closed_is_not_used_again(everyone) -> None:
    """Else a lost connection would be an everyday fault that nothing repeats."""
    body = b'{"id":"x","model":"m","choices":[{"message":{"content":"Fine."},"finish_reason":"stop"}]}'
    seen = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        seen.append(writer.get_extra_info("peername"))
        ok = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n"
        writer.write(ok + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = loop.run(asyncio.start_server(serve, "127.0.0.1", 0))
    netloc = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    before = outbound.guard().entries
    outbound.configure([netloc])
    try:
        row = AIProviderSettings.get_solo()
        row.openai_api_key, row.openai_base_url = "sk-canary-0123456789abcdef", f"http://{netloc}/v1"
        row.save()
        assert [ask(everyone["ivo"]).content for _ in range(4)] == ["Fine."] * 4
    finally:
        outbound.configure(before)
        loop.current().call_soon_threadsafe(server.close)
    assert len(set(seen)) == 4


def test_a_repeat_after_a_billed_attempt_reserves_for_itself(openai, everyone) -> None:
    """A deliberation's later calls keep what was reserved for them: the repeat reserves for itself."""
    ivo = everyone["ivo"]
    held = reserve(ivo.pk, tokens=20_000, usd="0.05")
    openai.script("errorevent", "hold")  # an error under a status 200: perhaps billed, and it says to come again
    seen: list[CapDay] = []

    async def watch() -> None:
        purpose = Purpose(ivo.pk, "senate.propose", reservation=held)
        task = asyncio.ensure_future(gateway.ask(prompt(), "openai", purpose))
        await asyncio.to_thread(openai.wait_for, lambda calls: len(calls) == 2)
        seen.append(await CapDay.objects.aget(user=ivo))
        openai.release()
        await task

    loop.run(watch())
    lost = rows()[0]
    session = Reservation.objects.get(pk=held)
    assert session.usd_left == Decimal("0.05") - lost.actual_cost_usd
    assert seen[0].reserved_usd > session.usd_left
    assert session.closed_at is None
    assert_reconciled()


def test_a_cap_that_has_room_for_one_attempt_only_ends_in_the_upstreams_own_error(openai, everyone) -> None:
    openai.script("errorevent")
    UserAICap.objects.create(user=everyone["ivo"], daily_token_cap=prompt_bound() + 10)
    with pytest.raises(UpstreamUnavailable, match="Provider openai failed"):
        ask(everyone["ivo"])
    assert len(openai.calls) == 1
    assert_nothing_is_held(everyone["ivo"])


def prompt_bound() -> int:
    from providers.gateway.prepare import prepare

    made = prompt(system=NEVER_REVEAL)
    return prepare(made, "openai", None).input_bound + made.max_output_tokens


def test_one_deadline_holds_over_all_attempts(openai, everyone, pauses, monkeypatch) -> None:
    """A pause that would pass the deadline is not begun."""
    openai.set_mode("429")
    with pytest.raises(UpstreamRateLimited):
        ask(everyone["ivo"], timeout_s=6.0)
    assert pauses == []
    with pytest.raises(UpstreamRateLimited):
        ask(everyone["ivo"], timeout_s=7.5)
    assert pauses[0] == 7.0


def test_a_cancelled_pause_leaves_nothing_held(openai, everyone, monkeypatch) -> None:
    openai.set_mode("500")
    waiting = asyncio.Event()

    async def forever(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(clock, "sleep", forever)

    async def leave() -> None:
        task = asyncio.ensure_future(gateway.ask(prompt(), "openai", Purpose(everyone["ivo"].pk, "chat")))
        await asyncio.wait_for(waiting.wait(), 5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    loop.run(leave())
    assert len(rows()) == 1
    assert_nothing_is_held(everyone["ivo"])


def test_the_settings_of_the_policy_have_their_effect(openai, everyone, pauses) -> None:
    policy(max_retries=1, retry_base_delay_seconds=0.25, retry_jitter=False, circuit_breaker_threshold=100)
    openai.set_mode("500")
    with pytest.raises(UpstreamUnavailable):
        ask(everyone["ivo"])
    policy(max_retries=3, retry_base_delay_seconds=4.0, retry_max_delay_seconds=5.0)
    with pytest.raises(UpstreamUnavailable):
        ask(everyone["ivo"])
    assert pauses == [0.25, 4.0, 5.0, 5.0]


def test_calls_are_paced_to_the_hint_of_their_provider(openai, everyone, pauses, monkeypatch) -> None:
    from providers.rates import pacing
    from providers.rates.throttles import limiter

    limiter().storage.reset()
    policy(requests_per_minute={"openai": 2})
    for _ in range(2):
        ask(everyone["ivo"])
    assert pauses == []

    async def a_minute_goes_by(seconds: float) -> None:
        pauses.append(seconds)
        limiter().storage.reset()

    monkeypatch.setattr(pacing.clock, "sleep", a_minute_goes_by)
    ask(everyone["ivo"])
    assert 50 < pauses[0] <= 60
    limiter().storage.reset()


def test_questions_and_answers_are_kept_only_where_an_admin_says_so(openai, everyone) -> None:
    ask(everyone["ivo"])
    policy(log_prompts=True, log_responses=True)
    response = ask(everyone["ivo"])
    quiet, told = rows()
    assert (quiet.prompt_preview, quiet.response_preview) == ("", "")
    assert "Why is my deploy stuck?" in told.prompt_preview
    assert told.response_preview == response.content[:2000]
