"""Made-up usage: signed, counted and summed as real rows are, marked as made up, and never beside real ones."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from providers.ledger.chains import CHAINS
from providers.ledger.reconcile import reconcile
from providers.ledger.seals import first_unsigned
from providers.models import AIUsageLog
from providers.usage import seed
from providers.usage.rollup.rebuild import rebuild
from providers.usage.summary import summary
from tests.providers.usage.usage_kit import insert, row


def seeded(*more: str) -> str:
    out = io.StringIO()
    call_command("seed_usage", "--rows", "300", "--days", "40", "--seed", "7", *more, stdout=out)
    return out.getvalue()


def test_seeded_rows_agree_with_everything_that_counts_rows(people) -> None:
    assert "300 made-up rows" in seeded()
    rows = AIUsageLog.objects.all()
    assert rows.count() == 300
    assert reconcile().clean
    assert first_unsigned(CHAINS["usage"], 0, 300) is None
    assert rebuild(keep=False).differences == []
    assert all(one.created_at <= timezone.now() for one in rows)
    data = summary(people["mara"], seed_question())
    assert Decimal(data["totals"]["spend_usd"]) == sum(one.actual_cost_usd for one in rows)


def seed_question():
    from providers.usage.question import read

    return read({"from": str(timezone.now().date() - timedelta(days=60))}, timezone.now())


def test_seeded_rows_say_so(people, django_user_model) -> None:
    seeded()
    assert set(AIUsageLog.objects.values_list("price_source", flat=True)) == {"seeded"}
    assert all(one.metadata["seeded"] for one in AIUsageLog.objects.all()[:20])
    users = django_user_model.objects.filter(pk__in=AIUsageLog.objects.values("user_id"))
    assert all(user.username.startswith("seed-") and not user.is_active for user in users)
    assert not any(user.has_usable_password() for user in users)


def test_a_site_with_real_rows_is_refused_unless_forced(people) -> None:
    insert(row(people["ivo"]))
    with pytest.raises(CommandError, match="real usage rows"):
        seeded()
    assert AIUsageLog.objects.count() == 1
    seeded("--force")
    assert AIUsageLog.objects.count() == 301


@pytest.mark.parametrize("given", [["--rows", "0"], ["--rows", "-5"], ["--days", "0"], ["--days", "400"]])
def test_impossible_numbers_are_refused(db, given: list[str]) -> None:
    with pytest.raises(CommandError, match=given[0]):
        call_command("seed_usage", *given)


def test_the_plan_gives_every_day_its_share_and_all_together_the_number_asked_for() -> None:
    plan = seed.plan(10_000, date(2026, 11, 21), 100)
    assert len(plan) == 100
    assert sum(plan.values()) == 10_000
    assert plan[date(2026, 11, 20)] > plan[date(2026, 11, 21)]  # a Friday and a Saturday
