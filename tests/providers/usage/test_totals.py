"""Running totals: late calls move all later ones, an update of the site makes them from sums of days.

And the dearest sessions are the same whether all are summed or walked."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.db import connection

from providers.models import UsageSpend, UsageTotal
from providers.usage import sessions
from providers.usage.rollup import store
from providers.usage.rollup.rebuild import rebuild
from providers.usage.summary import summary
from tests.providers.usage.rollup_kit import SPANS, asked, roll_to, scattered
from tests.providers.usage.usage_kit import insert, many, question, row

TABLES = [(UsageTotal, store.TOTAL_TABLE), (UsageSpend, store.SPEND_TABLE)]


def test_a_call_that_is_booked_late_moves_every_later_day(people) -> None:
    for n, day in enumerate((10, 12, 5, 11, 12, 1), 1):
        insert(row(people["ivo"], at=datetime(2024, 3, day, 9, tzinfo=UTC), usd=str(n), input_tokens=n))
        roll_to(n, 1)
    kept = UsageTotal.objects.filter(key__cube=0).order_by("day")
    assert list(kept.values_list("calls", "spend_high", "input_tokens")) == [
        (1, 6 * 10**6, 6),
        (2, 9 * 10**6, 9),
        (3, 10 * 10**6, 10),
        (4, 14 * 10**6, 14),
        (6, 21 * 10**6, 21),
    ]
    days = summary(people["mara"], question())["days"]
    assert {day["day"][-2:]: day["spend_usd"] for day in days if day["calls"]} == {
        "01": "6.00",
        "05": "3.00",
        "10": "1.00",
        "11": "4.00",
        "12": "7.00",
    }
    assert summary(people["mara"], question(**{"from": "2024-03-05", "to": "2024-03-11"}))["totals"]["calls"] == 3
    assert rebuild(keep=False).differences == []


@pytest.mark.parametrize(("model", "table"), TABLES, ids=["all figures", "money"])
def test_an_update_makes_them_from_the_sums_of_days(people, model, table: str) -> None:
    rows = scattered(people, each=1)
    roll_to(len(rows), 100)
    columns = store.COLUMNS[table]
    lines = list(model.objects.order_by("key_id", "day").values_list("key_id", "day", *columns))
    earlier: dict[int, tuple[int, ...]] = {}
    days = []
    for key, day, *total in lines:
        before = earlier.get(key, (0,) * len(columns))
        days.append((key, day, *(now - then for now, then in zip(total, before, strict=True))))
        earlier[key] = tuple(total)
    model.objects.all().delete()
    made = import_module("providers.migrations.0018_running_totals").running_totals("old_days", table, columns)
    with connection.cursor() as cursor:
        names = ", ".join(f"{name} bigint" for name in ("key_id", "day", *columns))
        cursor.execute(f"CREATE TEMPORARY TABLE old_days ({names})")
        marks = ", ".join(["%s"] * (2 + len(columns)))
        cursor.executemany(f"INSERT INTO old_days VALUES ({marks})", days)
        cursor.execute(made)
        cursor.execute("DROP TABLE old_days")
    assert len(lines) > 500
    assert list(model.objects.order_by("key_id", "day").values_list("key_id", "day", *columns)) == lines
    assert rebuild(keep=False).differences == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"user": "ivo"},
        {"status": "failed"},
        {"status": "ok", "provider": "claude"},
        {"service": "shop"},
    ],
    ids=str,
)
@pytest.mark.parametrize("by_time", [False, True], ids=["by spend", "by time"])
def test_sessions_that_are_walked_are_those_that_are_summed(
    people, monkeypatch, given: dict, by_time: bool
) -> None:
    many(people, 60)
    names = [f"s-{n}" for n in range(30)]
    insert(
        *[
            row(
                people["ivo" if n % 3 else "lee"],
                at=datetime(2024, 3, 1 + n % 20, n % 24, tzinfo=UTC),
                session_id=names[n % len(names)],
                usd=f"0.{n:04}",
                provider="claude" if n % 2 else "openai",
                success=n % 7 > 0,
                metadata={"service": "shop"} if n % 4 else {},
            )
            for n in range(200)
        ]
    )
    roll_to(220, 100)
    asked_of = question(group="session", **given)
    summed = summary(people["mara"], asked_of)
    monkeypatch.setattr(sessions, "FEW_CALLS", 0)
    monkeypatch.setattr(sessions, "STEP", 7)
    monkeypatch.setattr(sessions, "SMALL_PART", 0 if by_time else 10**9)
    monkeypatch.setattr(sessions.sums, "SHOWN", 12)
    walked = summary(people["mara"], asked_of)
    assert len(walked["groups"]) == 12 < len(summed["groups"])
    assert walked["groups"] == summed["groups"][:12]
    assert walked["totals"] == summed["totals"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_money_is_that_of_all_figures(people, zone: str) -> None:
    from providers.usage.rollup.reading import Reading, Scope, snapshot
    from providers.usage.sums import money

    rows = scattered(people, each=1)
    roll_to(len(rows) - 20, 200)
    span = asked(zone, *SPANS[0]).span()
    for scope in (Scope(), Scope({"provider": "claude"}), Scope(bits=4, wanted=4), Scope(bits=1)):
        for names in ((), ("user_id",), ("provider", "model", "operation")):
            with snapshot():
                reading = Reading(scope)
                found = reading.groups(names, *span)
                assert found and reading.money(names, *span) == {key: money(kinds) for key, kinds in found.items()}


def test_money_and_days_are_read_from_one_index_without_its_table(people) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL chooses by how much there is: tests/benchmarks/usage.py measures it")
    from django.test.utils import CaptureQueriesContext

    from providers.usage.rollup.reading import Reading, Scope, snapshot

    rows = scattered(people, each=1)
    roll_to(len(rows), 200)
    days = asked("UTC", *SPANS[0]).boundaries()
    with snapshot(), CaptureQueriesContext(connection) as asked_for:
        reading = Reading(Scope())
        assert reading.money(("user_id", "provider", "model"), days[0], days[-1])
        assert reading.daily(days, ("provider",), [("claude",)])
    asked_for = [one["sql"] for one in asked_for if "providers_usage" in one["sql"] and "AS k" in one["sql"]]
    assert len(asked_for) == 2
    for sql in asked_for:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [line[3] for line in cursor.fetchall() if " k " not in line[3] and "SEARCH" in line[3]]
        assert len(steps) > 1
        assert all("USING COVERING INDEX" in step for step in steps), steps
