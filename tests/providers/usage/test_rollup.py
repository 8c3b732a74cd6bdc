"""Sums equal the ledger: in any zone, on any day, however far they are rolled, whoever rolls them."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.ledger.frontier import stable_frontier
from providers.models import AIUsageLog, UsageGeneration, UsageSeries, UsageTotal
from providers.usage.question import GROUPS
from providers.usage.rollup import roller, source
from providers.usage.rollup.roller import Roller, current, roll
from providers.usage.summary import summary
from providers.usage.zones import known
from tests.providers.usage.rollup_kit import SPANS, ZONES, asked, roll_to, scattered
from tests.providers.usage.usage_kit import insert, many, question, row


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_every_zone_equals_the_ledger(people, zone: str) -> None:
    rows = scattered(people)
    roll_to(len(rows) * 2 // 3, 50)
    for first, last in SPANS:
        data = summary(people["mara"], asked(zone, first, last))
        days: dict[str, list[AIUsageLog]] = defaultdict(list)
        for one in rows:
            days[one.created_at.astimezone(ZoneInfo(zone)).date().isoformat()].append(one)
        assert len(data["days"]) == (last - first).days + 1
        for day in data["days"]:
            own = days[day["day"]]
            assert Decimal(day["spend_usd"]) == sum((r.actual_cost_usd for r in own), Decimal(0))
            assert (day["calls"], day["failed"]) == (len(own), sum(not r.success for r in own))
            for entry, part in zip(data["series"], day["series"], strict=True):
                if entry["key"] != "other":
                    spent = sum((r.actual_cost_usd for r in own if r.provider == entry["key"]), Decimal(0))
                    assert Decimal(part) == spent


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("given", [{}, {"provider": "claude"}, {"status": "failed"}, {"user": "ivo"}], ids=str)
def test_it_makes_no_difference_how_far_the_sums_are_rolled(people, group: str, given: dict) -> None:
    rows = scattered(people, each=1)
    answers = []
    for frontier, batch in [(0, 1), (len(rows) // 2, 40), (len(rows), 1000)]:
        roll_to(frontier, batch)
        answers.append(
            [
                summary(people["mara"], asked(zone, *span, group=group, **given))
                for zone, span in zip(("Asia/Kathmandu", "America/Santiago"), SPANS, strict=True)
            ]
        )
    assert answers[0][0]["totals"]["calls"] > 0
    assert all(one == answers[0] for one in answers[1:])


def test_a_day_that_a_zone_left_out_is_empty_and_its_neighbours_are_whole(people) -> None:
    moments = [datetime(2011, 12, 30, 9, 59, tzinfo=UTC), datetime(2011, 12, 30, 10, 1, tzinfo=UTC)]
    insert(*[row(people["ivo"], at=at, usd="1") for at in moments])
    for rolled in (0, 2):
        roll_to(rolled, 10)
        data = summary(people["mara"], asked("Pacific/Apia", date(2011, 12, 28), date(2012, 1, 2)))
        assert [day["calls"] for day in data["days"]] == [0, 1, 0, 1, 0, 0]


def test_a_range_over_whole_months_is_exact(people) -> None:
    rows = scattered(people, each=2)
    roll_to(len(rows), 100)
    for zone in ("UTC", "Asia/Kolkata"):
        totals = summary(people["mara"], asked(zone, date(2024, 1, 15), date(2024, 11, 20)))["totals"]
        assert totals["calls"] == len(rows)
        assert Decimal(totals["spend_usd"]) == sum((r.actual_cost_usd for r in rows), Decimal(0))


def test_a_batch_that_somebody_else_has_added_meanwhile_is_not_added_again(people, monkeypatch) -> None:
    many(people, 60)
    rival, real = Roller(current().pk, 20), source.after

    def overtaken(*given):
        rows = real(*given)
        monkeypatch.setattr(source, "after", real)
        rival.step(40)
        return rows

    monkeypatch.setattr(source, "after", overtaken)
    assert Roller(current().pk, 30).step(60) == 0
    assert UsageGeneration.objects.get(current=True).watermark == 20
    roll()
    assert summary(people["mara"], question())["totals"]["calls"] == 60
    assert sum(UsageSeries.objects.filter(key__cube=0).values_list("calls", flat=True)) == 60
    last = {one.key_id: one.calls for one in UsageTotal.objects.filter(key__cube=0).order_by("day")}
    assert sum(last.values()) == 60


def test_nothing_stands_of_a_batch_that_failed_half_way(people, monkeypatch) -> None:
    many(people, 30)
    current()
    monkeypatch.setattr(roller.store, "add_sessions", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        roll()
    assert not UsageTotal.objects.exists()
    assert current().watermark == 0


def test_rolling_goes_up_to_the_frontier_and_again_does_nothing(people) -> None:
    many(people, 45)
    assert roll(batch=20) == 45
    assert current().watermark == stable_frontier() == 45
    assert roll() == 0


def test_sums_survive_figures_that_are_out_of_all_bounds(people) -> None:
    big = 2**62
    insert(*[row(people["ivo"], usd="9000000", input_tokens=big // 4, output_tokens=0) for _ in range(3)])
    insert(row(people["ivo"], processing_time_ms=2**31 - 1))
    roll()
    totals = summary(people["mara"], question())["totals"]
    assert (totals["spend_usd"], totals["input_tokens"]) == ("27000000.01", 3 * (big // 4) + 100)


def test_every_query_of_a_page_walks_an_index_once_rows_are_rolled(people) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("The plan is read from SQLite.")
    many(people, 80)
    roll()
    insert(row(people["ivo"]))
    scans = []
    for group in GROUPS:
        for given in ({}, {"provider": "openai"}, {"user": "ivo"}, {"zone": "Asia/Kolkata"}, {"session": "s-1"}):
            with CaptureQueriesContext(connection) as caught:
                summary(people["mara"], question(group=group, **given))
            assert len(caught) <= 40
            for entry in caught:
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN QUERY PLAN {entry['sql']}")
                    scans += [f"{line[3]}: {entry['sql']}" for line in cursor.fetchall() if "SCAN" in line[3]]
    # One row, and the groups of a condition.
    assert not [s for s in scans if "SCAN providers_usagegeneration" not in s and "CONSTANT ROW" not in s]


def test_rolling_finds_its_places_by_an_index_however_many_there_are(people) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("The plan is read from SQLite.")
    many(people, 60)
    roll()
    insert(*[row(people["ivo"], operation=f"op-{n}") for n in range(3)])
    with CaptureQueriesContext(connection) as caught:
        roll()
    looked = [entry["sql"] for entry in caught if entry["sql"].startswith("WITH w")]
    places = ("key ", "quarters ", "series ", "total ", "spend ")
    assert {name for sql in looked for name in places if f"providers_usage{name}" in sql} == set(places)
    for sql in looked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "SCAN t" not in [line[3] for line in cursor.fetchall()], sql


def test_every_zone_since_2000_begins_its_days_at_a_quarter_of_an_hour() -> None:
    for name in known():
        zone = ZoneInfo(name)
        for year in range(2000, 2031):
            for month in range(1, 13):
                at = datetime(year, month, 15, tzinfo=zone).utcoffset()
                assert at is not None and at.total_seconds() % 900 == 0, (name, year)


def test_a_service_is_called_by_its_name_and_an_unknown_one_by_its_id(people) -> None:
    from intelligence.models import Service

    service = Service.objects.create(name="Checkout", owner=people["ivo"])
    insert(row(people["ivo"], usd="2", metadata={"service": str(service.pk)}))
    insert(row(people["ivo"], usd="1", metadata={"service": "gone"}), row(people["ivo"], usd="0.5"))
    for frontier in (0, 3):
        roll_to(frontier, 10)
        groups = summary(people["mara"], question(group="service"))["groups"]
        assert [one["label"] for one in groups] == ["Checkout", "gone", "No service"]
        assert [one["filters"] for one in groups] == [{"service": str(service.pk)}, {"service": "gone"}, {}]
