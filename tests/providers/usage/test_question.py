"""What a query string asks: ranges in UTC days, filters, and clear words for what can't be used."""

from datetime import UTC, date, datetime

import pytest

from providers.exceptions import InvalidInput
from providers.usage.question import read

NOW = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ({}, date(2026, 3, 2), date(2026, 3, 31)),
        ({"range": ""}, date(2026, 3, 2), date(2026, 3, 31)),
        ({"range": "today"}, date(2026, 3, 31), date(2026, 3, 31)),
        ({"range": "7d"}, date(2026, 3, 25), date(2026, 3, 31)),
        ({"range": "month"}, date(2026, 3, 1), date(2026, 3, 31)),
        ({"from": "2026-01-05", "to": "2026-01-09"}, date(2026, 1, 5), date(2026, 1, 9)),
        ({"range": "custom", "from": "2026-03-30"}, date(2026, 3, 30), date(2026, 3, 31)),
        ({"from": "2026-03-30", "to": "2031-01-01"}, date(2026, 3, 30), date(2026, 3, 31)),
        ({"to": "2026-01-31"}, date(2026, 1, 2), date(2026, 1, 31)),
    ],
)
def test_ranges_are_utc_days_with_both_ends(given: dict, first: date, last: date) -> None:
    asked = read(given, NOW)
    assert (asked.first, asked.last) == (first, last)


def test_the_day_is_utc_wherever_the_clock_stands() -> None:
    from zoneinfo import ZoneInfo

    tokyo = datetime(2026, 4, 1, 8, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert read({"range": "today"}, tokyo).first == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"range": "year"}, "range"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"from": "2026-03-09", "to": "2026-03-01"}, "from"),
        ({"from": "2027-01-01"}, "from"),
        ({"from": "2025-01-01", "to": "2026-01-02"}, "from"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "from"),
        ({"range": "7d", "from": "2026-03-01"}, "range"),
        ({"group": "colour"}, "group"),
        ({"status": "maybe"}, "status"),
        ({"model": "x" * 201}, "model"),
        ({"session": "a\x00b"}, "session"),
        ({"provder": "openai"}, "provder"),
    ],
)
def test_what_cannot_be_used_is_named(given: dict, param: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(given, NOW)
    assert caught.value.param == param
    assert caught.value.message


def test_366_days_are_the_longest_range() -> None:
    assert read({"from": "2025-01-01", "to": "2026-01-01"}, NOW).days == 366


def test_the_range_before_has_the_same_length_or_the_same_days_of_the_month_before() -> None:
    week, month = read({"range": "7d"}, NOW).before(), read({"range": "month"}, NOW).before()
    assert (week.first, week.last) == (date(2026, 3, 18), date(2026, 3, 24))
    assert (month.first, month.last) == (date(2026, 2, 1), date(2026, 2, 28))


def test_a_query_round_trips_and_leaves_defaults_out() -> None:
    given = {"from": "2026-01-05", "to": "2026-01-09", "group": "model", "provider": "a&b=c", "status": "failed"}
    asked = read(given, NOW)
    from urllib.parse import parse_qsl

    assert dict(parse_qsl(asked.query()[1:])) == given
    assert read({"range": "30d", "group": "provider"}, NOW).query() == "?"
    assert asked.query(range="7d", provider="", group="", status="") == "?range=7d"


def test_moving_by_ranges_never_passes_today() -> None:
    asked = read({"from": "2026-03-20", "to": "2026-03-26"}, NOW)
    assert (asked.shifted(-1).first, asked.shifted(-1).last) == (date(2026, 3, 13), date(2026, 3, 19))
    assert (asked.shifted(1).first, asked.shifted(1).last) == (date(2026, 3, 25), date(2026, 3, 31))
