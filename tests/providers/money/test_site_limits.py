"""The limits of the whole site: one atomic reservation with the user's cap, for all users and processes."""

import asyncio
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from providers import ledger
from providers.exceptions import AIDisabled, BudgetExceeded
from providers.ledger import writer
from providers.models import AIServiceConfig, AIUsageLog, SiteDay
from providers.money import limits
from tests.providers.ledger.ledger_kit import assert_reconciled, attempt, record, release, reserve, set_cap
from tests.providers.ledger.writer_kit import Note

END_OF_MONTH = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


def policy(**fields) -> AIServiceConfig:
    config = AIServiceConfig.get_instance()
    for name, value in fields.items():
        setattr(config, name, value)
    config.save()
    return config


def test_the_defaults_are_those_of_the_documents(transactional_db) -> None:
    AIServiceConfig.get_instance().save()
    config = AIServiceConfig.get_instance()
    limits = (config.daily_cost_limit_usd, config.per_request_cost_limit_usd, config.monthly_cost_limit_usd)
    assert limits == (Decimal(100), Decimal("0.5"), Decimal(500))
    assert (config.pause_on_budget_exceeded, config.is_enabled) == (True, True)
    assert (config.circuit_breaker_threshold, config.circuit_breaker_reset_minutes, config.max_retries) == (
        5,
        15,
        3,
    )
    assert (config.retry_base_delay_seconds, config.retry_max_delay_seconds, config.retry_jitter) == (
        1.0,
        30.0,
        True,
    )
    assert (config.log_prompts, config.log_responses) == (False, False)


def test_without_a_saved_policy_the_defaults_hold_and_refuse(everyone) -> None:
    AIServiceConfig.objects.all().delete()
    set_cap(everyone["ivo"].pk, usd="1000")
    with pytest.raises(BudgetExceeded, match="Site's daily limit reached") as refused:
        reserve(everyone["ivo"].pk, usd="100.000001")
    assert refused.value.code == "daily_cost_limit"


def test_the_limit_of_one_call_holds_to_the_pico_dollar() -> None:
    config = AIServiceConfig(per_request_cost_limit_usd=Decimal("0.5"))
    assert limits.check_one_call(config, Decimal("0.5")) == ""
    with pytest.raises(BudgetExceeded, match="Cost limit of one call"):
        limits.check_one_call(config, Decimal("0.500000000001"))


def test_two_users_share_the_daily_limit_and_what_one_gives_back_the_other_can_use(everyone) -> None:
    policy(daily_cost_limit_usd=Decimal("1.00"))
    first = reserve(everyone["ivo"].pk, usd="0.70")
    with pytest.raises(
        BudgetExceeded, match=r"Site's daily limit reached\. \$0\.3000 of \$1\.0000 are left"
    ) as refused:
        reserve(everyone["mara"].pk, usd="0.31")
    assert refused.value.code == "daily_cost_limit"
    record(attempt(everyone["ivo"].pk, usd="0.20"), first, close=True)
    release(reserve(everyone["mara"].pk, usd="0.80"))
    assert SiteDay.objects.get().used_usd == Decimal("0.20")
    assert_reconciled()


def test_the_monthly_limit_counts_every_day_of_the_utc_month_and_no_other(everyone) -> None:
    policy(monthly_cost_limit_usd=Decimal("2.00"), daily_cost_limit_usd=Decimal(50))
    for day in (1, 15, 29):
        when = datetime(2026, 11, day, 8, tzinfo=UTC)
        record(
            attempt(everyone["ivo"].pk, usd="0.60"), reserve(everyone["ivo"].pk, now=when), close=True, now=when
        )
    with pytest.raises(BudgetExceeded, match="Site's monthly limit reached") as refused:
        reserve(everyone["mara"].pk, usd="0.30", now=END_OF_MONTH)
    assert refused.value.code == "monthly_cost_limit"
    assert refused.value.retry_after == 30 * 60
    release(reserve(everyone["mara"].pk, usd="0.20", now=END_OF_MONTH))
    release(reserve(everyone["mara"].pk, usd="1.99", now=datetime(2026, 12, 1, 0, 1, tzinfo=UTC)))
    assert_reconciled()


def test_calls_that_are_admitted_together_share_the_month_from_its_first_day_on(everyone) -> None:
    policy(monthly_cost_limit_usd=Decimal("1.00"))
    begun, go_on = threading.Event(), threading.Event()
    writer.submit(Note("", BudgetExceeded("The writer is held."), [begun, go_on]))
    assert begun.wait(60)
    of = {"operation": "chat", "session_id": "", "tokens": 10, "usd": Decimal("0.60"), "lease_s": 60}

    async def both() -> list[object]:
        first = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
        asked = [asyncio.ensure_future(ledger.admit(user_id=everyone["ivo"].pk, now=first, **of)) for _ in "12"]
        await asyncio.sleep(0)  # both are queued now, for one transaction
        go_on.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    held, refused = asyncio.run(both())
    assert isinstance(refused, BudgetExceeded) and refused.code == "monthly_cost_limit"
    release(held.reservation)
    assert_reconciled()


def test_without_the_pause_the_call_goes_through_with_a_warning_but_a_cap_stays_hard(everyone) -> None:
    policy(daily_cost_limit_usd=Decimal("0.10"), pause_on_budget_exceeded=False)
    set_cap(everyone["ivo"].pk, usd="1.00")
    of = {"user_id": everyone["ivo"].pk, "operation": "chat", "session_id": "", "tokens": 10, "lease_s": 60}
    held = asyncio.run(ledger.admit(usd=Decimal("0.40"), **of))
    assert held.warning.startswith("Site's daily limit reached. $0.1000 of $0.1000 are left")
    with pytest.raises(BudgetExceeded, match="Daily cost cap exceeded"):
        asyncio.run(ledger.admit(usd=Decimal("0.61"), **of))
    release(held.reservation)
    assert_reconciled()


def test_a_free_call_needs_no_room_under_the_limits(everyone) -> None:
    policy(daily_cost_limit_usd=Decimal(0), monthly_cost_limit_usd=Decimal(0))
    release(reserve(everyone["ivo"].pk, usd="0"))
    with pytest.raises(BudgetExceeded):
        reserve(everyone["ivo"].pk, usd="0.000001")


def test_switched_off_nothing_can_be_reserved(everyone) -> None:
    policy(is_enabled=False)
    with pytest.raises(AIDisabled, match="switched off") as refused:
        reserve(everyone["ivo"].pk, usd="0")
    assert (refused.value.http_status, refused.value.code) == (503, "ai_disabled")


def test_a_refusal_leaves_no_trace_in_any_counter(everyone) -> None:
    policy(daily_cost_limit_usd=Decimal("0.05"))
    with pytest.raises(BudgetExceeded):
        reserve(everyone["ivo"].pk, usd="0.06")
    policy(daily_cost_limit_usd=Decimal(100))
    set_cap(everyone["ivo"].pk, usd="0.05")
    with pytest.raises(BudgetExceeded, match="Daily cost cap"):
        reserve(everyone["ivo"].pk, usd="0.06")
    assert not SiteDay.objects.exists()
    assert_reconciled()


def test_what_a_deleted_user_held_is_given_back_to_the_site(everyone) -> None:
    reserve(everyone["lee"].pk, usd="0.40", lease_s=0.001)
    everyone["lee"].delete()
    assert SiteDay.objects.get().reserved_usd == Decimal("0.40")
    ledger.reap()
    assert SiteDay.objects.get().reserved_usd == 0
    assert_reconciled()


def test_reconcile_names_a_site_counter_that_was_tampered_with(everyone) -> None:
    from providers.ledger.reconcile import reconcile

    record(attempt(everyone["ivo"].pk), reserve(everyone["ivo"].pk), close=True)
    SiteDay.objects.update(used_usd=Decimal("9"))
    assert [str(found)[:9] for found in reconcile().differences] == ["the site,"]


@pytest.mark.parametrize(
    "pricing",
    [
        {"m": {"input": 1}},
        {"m": {"input": 1, "output": -1}},
        {"m": {"input": "NaN", "output": 1}},
        {"": {"input": 1, "output": 1}},
        {"m": {"input": 1, "output": 1, "cached": 1}},
        {"m": 3},
        [],
    ],
)
def test_a_price_that_is_none_is_refused_also_in_a_shell(transactional_db, pricing) -> None:
    with pytest.raises(ValidationError):
        policy(model_pricing=pricing)


def test_processes_together_never_pass_the_sites_limit(everyone) -> None:
    """Four processes, two users, 50 calls at once each, room for 10.5 worst cases of the whole site."""
    limit = Decimal("0.315")
    policy(daily_cost_limit_usd=limit)
    for name in ("ivo", "mara"):
        set_cap(everyone[name].pk, tokens=10**9, usd="1000")
    writer.shut_down()
    database = str(connection.settings_dict["NAME"])
    children = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.providers.ledger.ledger_child",
                "spend",
                database,
                str(everyone[name].pk),
            ],
            stdout=subprocess.PIPE,
        )
        for name in ("ivo", "mara", "ivo", "mara")
    ]
    admitted = sum(json.loads(child.communicate(timeout=120)[0])["admitted"] for child in children)
    assert [child.returncode for child in children] == [0, 0, 0, 0]
    spent = sum(row.actual_cost_usd for row in AIUsageLog.objects.all())
    assert AIUsageLog.objects.count() == admitted > 10
    assert limit * Decimal("0.9") <= spent <= limit
    assert SiteDay.objects.get().used_usd == spent
    assert_reconciled()
