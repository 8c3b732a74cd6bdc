"""What was refused is counted where it was refused: exactly, by reason, and shown to those who may see it."""

import asyncio
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from providers import gateway, ledger
from providers.exceptions import BudgetExceeded
from providers.ledger import writer
from providers.models import AIServiceConfig, AIUsageLog, Refusal
from providers.money import refusals
from providers.runtime import clock, loop
from providers.types import ChatMessage, Prompt, Purpose
from tests.aiops_site.test_metrics import scrape
from tests.providers.ledger.ledger_kit import NOON, assert_reconciled, reserve, set_cap


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def refuse(user, times: int = 1, **how) -> None:
    for _ in range(times):
        with pytest.raises(BudgetExceeded):
            reserve(user.pk, **how)


def counted() -> dict[tuple, int]:
    return {(r.user_id, str(r.day), r.code, r.operation): r.times for r in Refusal.objects.all()}


def test_each_refusal_is_counted_once_by_user_day_reason_and_operation(everyone):
    ivo, lee = everyone["ivo"], everyone["lee"]
    refuse(ivo, 2, tokens=200_000, now=NOON)
    refuse(ivo, usd="11", now=NOON)
    refuse(ivo, usd="11", now=NOON + timedelta(days=1))
    refuse(lee, tokens=200_000, now=NOON)
    assert counted() == {
        (ivo.pk, "2026-11-21", "daily_token_cap", "chat"): 2,
        (ivo.pk, "2026-11-21", "daily_cost_cap", "chat"): 1,
        (ivo.pk, "2026-11-22", "daily_cost_cap", "chat"): 1,
        (lee.pk, "2026-11-21", "daily_token_cap", "chat"): 1,
    }
    assert Refusal.objects.get(user_id=lee.pk).last_at == NOON
    assert not AIUsageLog.objects.exists()
    assert_reconciled()


def test_the_sites_own_limit_is_a_reason_too_and_a_warning_is_no_refusal(everyone):
    config = AIServiceConfig.get_instance()
    config.daily_cost_limit_usd = Decimal("0.05")
    config.save()
    refuse(everyone["ivo"], usd="0.10", now=NOON)
    config.pause_on_budget_exceeded = False
    config.save()
    reserve(everyone["ivo"].pk, usd="0.10", now=NOON)
    assert list(counted().values()) == [1]
    assert refusals.by_reason()["daily_cost_limit"] == 1


def test_calls_at_the_same_time_are_admitted_or_counted_and_never_both(everyone):
    ivo = everyone["ivo"]
    set_cap(ivo.pk, tokens=350, usd="10")
    admitted, refused = [], []

    async def ask() -> None:
        try:
            admitted.append(
                await ledger.reserve(
                    user_id=ivo.pk, operation="chat", session_id="", tokens=100, usd=Decimal(0), lease_s=60
                )
            )
        except BudgetExceeded:
            refused.append(1)

    async def many() -> None:
        await asyncio.gather(*(ask() for _ in range(20)))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert (len(admitted), len(refused)) == (3, 57)
    assert refusals.total(clock.now().date(), clock.now().date()) == 57
    assert_reconciled()


def test_a_refusal_whose_count_was_rolled_back_with_its_batch_is_counted_when_it_runs_again(everyone, monkeypatch):
    real, failed = writer.Database.commit, []

    def once(self):
        if not failed:
            failed.append(1)
            raise RuntimeError("the commit was lost")
        real(self)

    monkeypatch.setattr(writer.Database, "commit", once)
    refuse(everyone["ivo"], tokens=200_000)
    assert failed and list(counted().values()) == [1]


def test_the_limit_of_one_call_is_counted_by_the_gateway(openai, everyone):
    AIServiceConfig.objects.update_or_create(pk=1, defaults={"per_request_cost_limit_usd": Decimal("0.0001")})
    prompt = Prompt("gpt-4o-mini", (ChatMessage("user", "why?"),), 4_000)
    with pytest.raises(BudgetExceeded, match="Cost limit of one call exceeded"):
        loop.run(gateway.ask(prompt, "openai", Purpose(everyone["ivo"].pk, "chat")))
    [key] = counted()
    assert key[2:] == ("per_request_cost_limit", "chat") and not openai.calls


def test_pages_api_and_metrics_show_them_to_those_who_may_see(everyone):
    ivo, lee = everyone["ivo"], everyone["lee"]
    refuse(ivo, 3, tokens=200_000)
    refuse(lee, 1, usd="11")
    json = {"HTTP_ACCEPT": "application/json"}
    everybody, own = signed_in(everyone["ana"]), signed_in(ivo)
    told = everybody.get("/api/v1/ai/caps/").json()["refused"]
    assert {(one["by"], one["why"], one["times"]) for one in told} == {
        ("ivo", "over the daily token cap", 3),
        ("lee", "over the daily cost cap", 1),
    }
    assert [one["by"] for one in own.get("/api/v1/ai/caps/").json()["refused"]] == ["ivo"]
    page = everybody.get("/usage/caps/").content.decode()
    assert "Refused, last 7 days" in page and "3 times" in page and "over the daily token cap" in page
    summary = "/api/v1/ai/usage/summary/"
    assert everybody.get(summary).json()["refused"] == 4
    assert everybody.get(f"{summary}?user=lee").json()["refused"] == 1
    assert everybody.get(f"{summary}?user=ivo&operation=chat").json()["refused"] == 3
    assert everybody.get(f"{summary}?user=ivo&operation=other").json()["refused"] == 0
    assert everybody.get(f"{summary}?provider=openai").json()["refused"] is None
    assert everybody.get(f"{summary}?from=2024-03-01&to=2024-03-02").json()["refused"] == 0
    assert own.get("/usage/", **json).json()["refused"] == 3
    assert "3 more refused" in own.get("/usage/").content.decode()
    found = scrape(signed_in(everyone["mara"]))
    assert found["aiops_refusals_total", "daily_token_cap"] == 3
    assert found["aiops_refusals_total", "first_gate"] == 0
