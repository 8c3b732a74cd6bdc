"""Limits of days that are past: read back from the audit log, through every way a cap can change."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from providers.configuration import policy_form
from providers.models import AIServiceConfig, UserAICap
from providers.money import caps, past_limits
from providers.runtime import clock
from providers.trail import audit
from tests.providers.usage.usage_kit import MARCH, insert, row

DAYS = [date(2024, 3, 1) + timedelta(days=n) for n in range(8)]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets the clock: `at(3)` is noon of March 3, `at(3, 9)` nine o'clock."""

    def go(day: int, hour: int = 12) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime(2024, 3, day, hour, tzinfo=UTC))

    return go


def dollars(found: list[Decimal]) -> list[str]:
    return [f"{one:.2f}" for one in found]


def test_a_cap_is_shown_as_it_stood_on_each_day_the_highest_where_there_were_several(people, at) -> None:
    ivo, mara = people["ivo"], people["mara"]
    at(2)
    caps.change(ivo, daily_cost_cap_usd="15", by=mara, reason="more work")
    at(4)
    caps.change(ivo, daily_cost_cap_usd="4", by=mara, reason="less work")
    caps.change(ivo, daily_token_cap=7, by=mara, reason="no money in this one")
    at(6)
    UserAICap.objects.filter(user=ivo).update(daily_cost_cap_usd="0.125")  # as from a shell
    at(8)
    found = past_limits.daily_caps(ivo, DAYS)
    assert dollars(found) == ["10.00", "15.00", "15.00", "15.00", "4.00", "4.00", "0.12", "0.12"]
    assert found[-1] == Decimal("0.125")
    assert past_limits.daily_caps(ivo, DAYS[2:5]) == found[2:5]  # later changes are known from outside the range
    assert dollars(past_limits.daily_caps(people["lee"], DAYS)) == ["10.00"] * 8


def test_a_temporary_cap_is_the_line_until_its_end_and_again_nothing_runs_when_it_ends(people, at) -> None:
    ivo, mara = people["ivo"], people["mara"]
    at(2)
    caps.change(ivo, daily_cost_cap_usd="30", until="2024-03-05T06:00:00+00:00", by=mara, reason="release")
    at(3)
    caps.change(ivo, daily_cost_cap_usd="2", until="tonight", by=mara, reason="enough")
    at(7)
    UserAICap.objects.get(user=ivo).delete()
    at(8)
    ten = "10.00"
    assert dollars(past_limits.daily_caps(ivo, DAYS)) == [ten, "30.00", "30.00", ten, ten, ten, ten, ten]


def test_a_temporary_cap_below_the_usual_one_leaves_the_usual_one_on_the_day_it_ends(people, at) -> None:
    at(2, 0)
    caps.change(
        people["ivo"], daily_cost_cap_usd="1", until="2024-03-04T06:00:00+00:00", by=people["mara"], reason="calm"
    )
    assert dollars(past_limits.daily_caps(people["ivo"], DAYS[:5])) == ["10.00", "1.00", "1.00", "10.00", "10.00"]


def test_the_sites_budget_is_read_back_from_changes_of_the_policy(people, at) -> None:
    at(1)
    policy_form.save({"daily_cost_limit_usd": "40", "max_retries": 1}, "ana")
    at(3)
    policy_form.save({"max_retries": 2}, "ana")
    policy_form.save({"daily_cost_limit_usd": "25.50"}, "ana")
    found = past_limits.daily_budgets(AIServiceConfig.get_instance(), DAYS[:5])
    assert dollars(found) == ["100.00", "40.00", "40.00", "25.50", "25.50"]


def test_an_act_that_was_refused_moves_no_line(people, at) -> None:
    at(3)
    thing = audit.user(people["ivo"])
    audit.record("cap.raise", thing, before={"daily_cost_cap_usd": "1"}, after={}, outcome="refused")
    assert dollars(past_limits.daily_caps(people["ivo"], DAYS)) == ["10.00"] * 8


def test_the_chart_and_its_table_have_the_line_in_steps(people, at) -> None:
    ivo = people["ivo"]
    insert(row(ivo, usd="9", at=datetime(2024, 3, 2, 8, tzinfo=UTC)), row(ivo, usd="8.00"))
    at(10)
    caps.change(ivo, daily_cost_cap_usd="15", by=people["mara"], reason="more work")
    client = Client()
    client.force_login(ivo)
    data = client.get(f"/usage/?{MARCH}", HTTP_ACCEPT="application/json").json()
    assert [Decimal(day["limit_usd"]) for day in data["days"]] == [10] * 9 + [15] * 11
    steps = data["chart"]["figures"]["wide"]["limit"]["steps"]
    assert [(step["from"], step["to"], step["at"]) for step in steps] == [(0, 9, 10.0), (9, 20, 15.0)]
    page = client.get(f"/usage/?{MARCH}").content.decode()
    assert 'class="limit" d="M' in page
    assert "daily cap $15.00" in page
    assert "That day reached" not in page
    table = client.get(f"/usage/?{MARCH}&view=table").content.decode()
    assert '<th class="num">Daily cap</th>' in table
    assert table.count("$15.00</td>") == 11
