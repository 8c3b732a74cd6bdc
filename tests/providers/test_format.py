"""Every example of section 7 of the page specification, and the edges between the forms."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import format as shown

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("361.78", "$361.78"),
        ("0.0098", "$0.0098"),
        (Decimal("1234567.89"), "$1,234,567.89"),
        ("0", "$0.00"),
        ("9.996", "$9.99"),
        ("0.99996", "$0.9999"),
        ("10.004", "$10.00"),
        ("0.00001", "< $0.0001"),
        ("-1.2", "-$1.20"),
        (None, "unknown price"),
    ],
)
def test_money(value: Decimal | str | None, text: str) -> None:
    assert shown.money(value) == text


def test_cents_can_be_fixed_for_caps() -> None:
    assert shown.money("0.15", 2) == "$0.15"
    assert shown.money(0, 4) == "$0.0000"
    assert shown.money("0.001", 2) == "< $0.01"


def test_an_estimate_says_so_and_unknown_stays_unknown() -> None:
    assert shown.estimated("0.0001") == "≈ $0.0001"
    assert shown.estimated(None) == "unknown price"


def test_exact_money_drops_nothing() -> None:
    assert shown.exact_money("0.000098125000") == "$0.000098125"
    assert shown.exact_money("100") == "$100.00"


@given(st.decimals(min_value=0, max_value=10**9, places=12))
def test_money_is_never_rounded_up_to_whole_dollars(value: Decimal) -> None:
    text = shown.money(value)
    if not text.startswith("<") and value != value.to_integral_value():
        figure = Decimal(text.removeprefix("$").replace(",", ""))
        assert figure != figure.to_integral_value() or figure < value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (19372, "19,372"),
        (99999, "99,999"),
        (1_240_000, "1.24 M"),
        (999_999, "0.99 M"),
        (2_500_000_000, "2.50 bn"),
        (0, "0"),
        (None, "–"),
    ],
)
def test_counts(value: int | None, text: str) -> None:
    assert shown.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(6.84, "6.8 %"), (62.4, "62 %"), (0, "0 %"), (0.05, "< 0.1 %"), (99.7, "99 %"), (100, "100 %"), (None, "–")],
)
def test_percent(value: float | None, text: str) -> None:
    assert shown.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (31.4, "31.4 s"),
        (180, "180.0 s"),
        (0.01, "< 0.1 s"),
        (671, "11 m"),
        (35160, "9 h 46 m"),
        (187200, "2 d 4 h"),
    ],
)
def test_durations(value: float, text: str) -> None:
    assert shown.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(41.9, "0:41"), (237, "3:57"), (3723, "1:02:03"), (-2, "0:00")])
def test_clocks(value: float, text: str) -> None:
    assert shown.clock(value) == text


@pytest.mark.parametrize(("value", "text"), [(512, "512 B"), (48213, "48.2 kB"), (100_000_000, "100 MB")])
def test_bytes(value: int, text: str) -> None:
    assert shown.size(value) == text


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=4, seconds=59), "4 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=9), "Nov 12, 14:00"),
        (timedelta(days=400), "Oct 17, 2025, 14:00"),
        (timedelta(hours=-9, minutes=-46), "in 9 h 46 m"),
    ],
)
def test_moments(gone: timedelta, text: str) -> None:
    assert shown.when(NOW - gone, NOW) == text


def test_days_can_stay_relative() -> None:
    assert shown.ago(NOW - timedelta(days=12), NOW) == "12 days ago"
    assert shown.ago(NOW - timedelta(days=1), NOW) == "1 day ago"


def test_the_exact_moment_names_the_zone_of_the_reader() -> None:
    moment = datetime(2026, 11, 12, 16, 20, 4, tzinfo=UTC)
    assert shown.exact_when(moment, NOW) == "Nov 12, 2026, 17:20:04 UTC+1"
    assert shown.zone(NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))) == "UTC+5:30"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.000060100000", "0.0000601"),
        ("10", "10.00"),
        ("0", "0.00"),
        ("100.50", "100.50"),
        ("0.000000000001", "0.000000000001"),
    ],
)
def test_usd_is_exact_and_plain(value: str, text: str) -> None:
    assert shown.usd(Decimal(value)) == text
