"""The figures are exactly the sums over the rows, whoever asks and however they are grouped."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.exceptions import InvalidInput, NotFound
from providers.models import AIProviderSettings, AIUsageLog
from providers.usage import sums
from providers.usage.rollup.roller import roll
from providers.usage.summary import summary
from tests.providers.usage.usage_kit import NOW, insert, many, question, row

KEYS: dict[str, Callable[[AIUsageLog], str]] = {
    "provider": lambda r: r.provider,
    "model": lambda r: f"{r.provider}/{r.model}",
    "operation": lambda r: r.operation,
    "session": lambda r: r.session_id,
}


def near_p95(shown: int, times: list[int]) -> bool:
    """Times are counted in classes that are a quarter wide."""
    exact = sorted(times)[ceil(len(times) * 95 / 100) - 1]
    return exact / 1.26 <= shown <= max(exact, 20) * 1.26


def spent(rows: list[AIUsageLog]) -> Decimal:
    return sum((r.actual_cost_usd for r in rows), Decimal(0))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_totals_and_days_equal_the_rows(people, seed: int) -> None:
    rows = many(people, 400, seed)
    data = summary(people["ana"], question())
    totals = data["totals"]
    assert Decimal(totals["spend_usd"]) == spent(rows)
    assert Decimal(totals["estimated_usd"]) == spent([r for r in rows if r.usage_source != "reported"])
    assert totals["calls"] == 400
    assert totals["failed"] == sum(not r.success for r in rows)
    assert totals["fallbacks"] == sum(r.used_fallback for r in rows)
    for name in ("input_tokens", "output_tokens", "total_tokens", "cached_input_tokens"):
        assert totals[name] == sum(getattr(r, name) for r in rows)
    assert near_p95(totals["p95_ms"], [r.processing_time_ms for r in rows])
    assert [day["day"] for day in data["days"]] == [f"2024-03-{n:02}" for n in range(1, 21)]
    for day in data["days"]:
        of_day = [r for r in rows if r.created_at.date().isoformat() == day["day"]]
        assert Decimal(day["spend_usd"]) == spent(of_day)
        assert (day["calls"], day["failed"]) == (len(of_day), sum(not r.success for r in of_day))


@pytest.mark.parametrize("group", KEYS)
def test_groups_and_series_equal_the_rows(people, group: str) -> None:
    rows = many(people, 400)
    data = summary(people["mara"], question(group=group))
    of_key = defaultdict(list)
    for one in rows:
        of_key[KEYS[group](one)].append(one)
    assert {g["key"] for g in data["groups"]} == set(of_key)
    for found in data["groups"]:
        own = of_key[found["key"]]
        assert Decimal(found["spend_usd"]) == spent(own)
        assert (found["calls"], found["failed"]) == (len(own), sum(not r.success for r in own))
        assert near_p95(found["p95_ms"], [r.processing_time_ms for r in own])
    amounts = [Decimal(g["spend_usd"]) for g in data["groups"]]
    assert amounts == sorted(amounts, reverse=True)
    named = [entry["key"] for entry in data["series"] if entry["key"] != "other"]
    for day in data["days"]:
        assert sum(map(Decimal, day["series"])) == Decimal(day["spend_usd"])
        for key, part in zip(named, day["series"], strict=False):
            assert Decimal(part) == spent(
                [r for r in of_key[key] if r.created_at.date().isoformat() == day["day"]]
            )


def test_users_are_named_and_a_user_who_is_gone_keeps_the_rows(people) -> None:
    insert(row(people["ivo"], usd="2"), row(987654, usd="1"), row(None, usd="0.5"))
    data = summary(people["mara"], question(group="user"))
    assert [(g["key"], g["label"]) for g in data["groups"]] == [
        ("ivo", "ivo"),
        ("#987654", "Former user 987654"),
        ("#0", "No user"),
    ]
    for group, usd in zip(data["groups"], ["2.00", "1.00", "0.50"], strict=True):
        assert summary(people["mara"], question(**group["filters"]))["totals"]["spend_usd"] == usd


@pytest.mark.parametrize("name", ["provider", "model", "session", "operation"])
def test_a_filter_keeps_exactly_its_rows(people, name: str) -> None:
    rows = many(people, 200)
    field = {"session": "session_id"}.get(name, name)
    value = next(getattr(r, field) for r in rows if getattr(r, field))
    data = summary(people["mara"], question(**{name: value}))
    kept = [r for r in rows if getattr(r, field) == value]
    assert data["totals"]["calls"] == len(kept) < 200
    assert Decimal(data["totals"]["spend_usd"]) == spent(kept)


@pytest.mark.parametrize(
    ("status", "keeps"),
    [
        ("ok", lambda r: r.success),
        ("failed", lambda r: not r.success),
        ("estimated", lambda r: r.usage_source != "reported"),
        ("fallback", lambda r: r.used_fallback),
    ],
)
def test_a_status_keeps_exactly_its_rows(people, status: str, keeps: Callable[[AIUsageLog], bool]) -> None:
    rows = many(people, 200)
    data = summary(people["mara"], question(status=status))
    assert data["totals"]["calls"] == sum(map(keeps, rows))


def test_more_groups_than_are_named_are_summed_as_one(people) -> None:
    rows = insert(*[row(people["ivo"], session_id=f"s-{n}", usd=f"{n + 1}") for n in range(sums.SHOWN + 12)])
    data = summary(people["mara"], question(group="session"))
    assert len(data["groups"]) == sums.SHOWN
    assert data["other"]["groups"] == 12
    named = sum(Decimal(g["spend_usd"]) for g in data["groups"])
    assert Decimal(data["other"]["spend_usd"]) + named == spent(rows)
    assert data["series"][-1]["label"] == f"Other, {sums.SHOWN + 12 - 7}"
    assert sum(Decimal(entry["spend_usd"]) for entry in data["series"]) == spent(rows)


def test_the_range_before_and_the_month_are_sums_too(people) -> None:
    at = datetime(2024, 3, 20, tzinfo=UTC)
    insert(
        row(people["ivo"], at=at, usd="3"),
        row(people["ivo"], at=at - timedelta(days=7), usd="2"),
        row(people["ivo"], at=at - timedelta(days=7, microseconds=1), usd="0.5"),
        row(people["ivo"], at=datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), usd="7"),
    )
    data = summary(people["mara"], question(range="7d"))
    assert data["totals"]["spend_usd"] == "3.00"
    assert (data["before"]["spend_usd"], data["before"]["change_percent"]) == ("2.50", "20.00")
    assert (data["month"]["spend_usd"], data["month"]["last_usd"]) == ("5.50", "7.00")


def test_an_empty_range_has_zeros_and_says_what_is_unknown(people) -> None:
    data = summary(people["mara"], question())
    assert data["totals"]["spend_usd"] == "0.00"
    assert data["totals"]["p95_ms"] is data["totals"]["failed_percent"] is data["before"]["change_percent"] is None
    assert (data["groups"], data["series"], data["other"], len(data["days"])) == ([], [], None, 20)


def test_sums_beyond_64_bits_of_pico_dollars_stay_exact(people) -> None:
    insert(*[row(people["ivo"], usd="9000000.000000000001") for _ in range(3)])
    assert summary(people["mara"], question())["totals"]["spend_usd"] == "27000000.000000000003"


def test_a_provider_keeps_its_colour_and_others_take_free_ones(people) -> None:
    saved = AIProviderSettings.get_solo()
    saved.colour_slots = {"mistral": 1, "claude": 3}
    saved.save()
    insert(row(people["ivo"], provider="openai", usd="9"), row(people["ivo"], provider="mistral", usd="5"))
    slots = {g["key"]: g["slot"] for g in summary(people["mara"], question())["groups"]}
    assert slots == {"openai": 2, "mistral": 1}


def test_a_viewer_is_answered_from_own_rows_only(people) -> None:
    rows = many(people, 200)
    for name in ("lee", "ivo"):
        data = summary(people[name], question(group="user"))
        own = [r for r in rows if r.user_id == people[name].pk]
        assert data["whose"] == "own"
        assert Decimal(data["totals"]["spend_usd"]) == spent(own)
        assert [g["key"] for g in data["groups"]] == [name]
        with pytest.raises(NotFound):
            summary(people[name], question(user="ana"))
        with pytest.raises(NotFound):
            summary(people[name], question(user="nobody-at-all"))


@pytest.mark.parametrize("name", ["nobody", "#x", "#99999999999999999999", "#"])
def test_an_unknown_user_is_named_to_a_manager(people, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        summary(people["ana"], question(user=name))
    assert caught.value.param == "user"


def test_the_number_of_queries_does_not_grow_with_rows_or_days(people) -> None:
    def queries(**given: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            summary(people["mara"], question(**given))
        return len(caught)

    many(people, 50)
    roll()
    few = queries(group="model")
    many(people, 300)
    roll()
    assert few - 1 <= queries(group="model") <= 16
    assert queries(group="model", **{"from": "2023-04-01"}) <= 24


def test_now_is_only_the_clock_of_the_question() -> None:
    assert question(range="today").today == NOW.date()
