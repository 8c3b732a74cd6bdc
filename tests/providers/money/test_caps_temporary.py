"""Temporary caps: the ledger sees them at admission, and nothing has to run when they end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from providers.exceptions import BudgetExceeded
from providers.models import AuditEntry, UserAICap
from providers.money import caps, caps_history
from providers.runtime import clock
from tests.providers.ledger.ledger_kit import attempt, record, reserve


@pytest.fixture
def cast(transactional_db, people):
    return people


def test_a_raise_holds_until_its_end_and_not_a_second_longer(cast):
    ivo = cast["ivo"]
    until = clock.now() + timedelta(hours=1)
    with pytest.raises(BudgetExceeded):
        reserve(ivo.pk, 150_000, "12")
    stands = caps.change(
        ivo,
        daily_token_cap=200_000,
        daily_cost_cap_usd=20,
        until=until.isoformat(),
        by=cast["mara"],
        reason="release day",
    )
    assert (stands.token_cap, stands.cost_cap_usd, stands.temporary_until) == (200_000, Decimal(20), until)
    assert (stands.usual_token_cap, stands.usual_cost_cap_usd) == (100_000, Decimal(10))
    assert reserve(ivo.pk, 150_000, "12", now=until - timedelta(seconds=1), lease_s=1)
    with pytest.raises(BudgetExceeded, match=r"^Daily token cap exceeded\. .* of 100,000 tokens"):
        reserve(ivo.pk, 100_001, "0", now=until)
    assert caps.standing(ivo, until).token_cap == 100_000
    assert caps.standing(ivo, until).temporary_until is None


def test_a_raise_of_money_alone_leaves_the_tokens(cast):
    ivo = cast["ivo"]
    caps.change(ivo, daily_cost_cap_usd="15", until="tonight", by=cast["mara"], reason="why")
    assert reserve(ivo.pk, 10, "14")
    with pytest.raises(BudgetExceeded, match=r"^Daily cost cap exceeded\. \$1\.0000 of \$15\.0000"):
        reserve(ivo.pk, 10, "1.01")
    with pytest.raises(BudgetExceeded, match="^Daily token cap exceeded"):
        reserve(ivo.pk, 100_000, "0")


def test_tonight_and_a_week_end_at_midnight_utc(cast):
    for word, days in (("tonight", 1), ("week", 7)):
        stands = caps.change(cast["ivo"], daily_token_cap=5, until=word, by=cast["mara"], reason="why")
        assert stands.temporary_until.time() == datetime.min.time()
        assert (stands.temporary_until.date() - datetime.now(UTC).date()).days == days


@pytest.mark.parametrize("way", ["change", "shell", "query"])
def test_a_cap_for_good_ends_the_temporary_one(cast, way):
    ivo = cast["ivo"]
    caps.change(ivo, daily_token_cap=500_000, until="week", by=cast["mara"], reason="why")
    if way == "change":
        caps.change(ivo, daily_token_cap=100_000, by=cast["mara"], reason="over")
    elif way == "shell":
        UserAICap.objects.update_or_create(user=ivo, defaults={"daily_token_cap": 50_000})
    else:
        UserAICap.objects.filter(user=ivo).update(daily_token_cap=50_000)
    row = UserAICap.objects.get(user=ivo)
    assert (row.temporary_token_cap, row.temporary_until) == (None, None)
    with pytest.raises(BudgetExceeded):
        reserve(ivo.pk, 100_001, "0")


def test_an_old_end_does_not_bring_back_the_other_cap(cast):
    ivo = cast["ivo"]
    UserAICap.objects.create(user=ivo, temporary_token_cap=10**9, temporary_until=datetime(2026, 1, 1, tzinfo=UTC))
    caps.change(ivo, daily_cost_cap_usd=15, until="tonight", by=cast["mara"], reason="why")
    assert caps.standing(ivo).token_cap == 100_000


def test_a_shell_changes_a_cap_at_the_next_call_and_stands_in_the_log(cast):
    ivo = cast["ivo"]
    record(attempt(ivo.pk, usd="0.50"), reserve(ivo.pk))
    UserAICap.objects.update_or_create(user=ivo, defaults={"daily_cost_cap_usd": Decimal("0.60")})
    with pytest.raises(BudgetExceeded, match="^Daily cost cap exceeded") as caught:
        reserve(ivo.pk, 10, "0.20")
    assert 0 < caught.value.retry_after <= 86_400
    entry = AuditEntry.objects.get(action="cap.lower")
    assert (entry.surface, entry.was["daily_cost_cap_usd"], entry.became["daily_cost_cap_usd"]) == (
        "shell",
        "10.00",
        "0.60",
    )


def test_the_history_says_who_did_what_until_when_and_why(cast):
    ivo, mara = cast["ivo"], cast["mara"]
    day = clock.now() + timedelta(days=30)
    until = f"{day:%Y-%m-%d}T18:30+01:00"
    caps.change(ivo, daily_cost_cap_usd=15, until=until, by=mara, reason="release day")
    caps.change(ivo, daily_token_cap=5, by=mara, reason="over")
    UserAICap.objects.update_or_create(user=cast["lee"], defaults={"daily_token_cap": 7})
    told = caps_history.newest()
    assert [(one["by"], one["verb"], one["about"], one["to"], one["reason"]) for one in told] == [
        ("shell", "lowered", "lee", "7 tokens", ""),
        ("mara", "lowered", "ivo", "5 tokens", "over"),
        ("mara", "raised", "ivo", f"$15.00 until {day:%b %-d}, 17:30 UTC", "release day"),
    ]
    assert [one["about"] for one in caps_history.newest([cast["lee"].pk])] == ["lee"]
