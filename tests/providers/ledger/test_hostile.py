"""What an upstream can report: it never lowers spend, never breaks a row, and stays readable."""

import json
from decimal import Decimal

import pytest

from providers.money.pricing import MAX_TOKENS, MAX_USD
from providers.types import Usage
from tests.providers.ledger.ledger_kit import assert_reconciled, attempt, counters, only_row, record, reserve


@pytest.fixture
def ivo(transactional_db, django_user_model) -> int:
    return django_user_model.objects.create_user("ivo").pk


@pytest.mark.parametrize(
    "bad",
    [
        Usage(-5000, -1),
        Usage("many", [], None, {}, float("nan")),
        Usage(float("inf"), float("-inf")),
        Usage(10, 10, cached_input_tokens=-(10**9), reasoning_tokens=10**9),
    ],
)
def test_usage_that_is_none_never_lowers_the_counters(ivo, bad):
    record(attempt(ivo, usage=bad, usd="0"), reserve(ivo), close=True)
    tokens, usd, *reserved = counters(ivo)
    assert (tokens >= 0, usd, reserved) == (True, 0, [0, 0])
    row = only_row()
    assert row.total_tokens == row.input_tokens + row.output_tokens == tokens
    assert row.cached_input_tokens + row.cache_write_tokens <= row.input_tokens
    assert row.reasoning_tokens <= row.output_tokens
    assert "Usage(" in row.metadata["as_reported"]["usage"]
    assert_reconciled()


def test_huge_usage_is_bounded(ivo):
    record(attempt(ivo, usage=Usage(10**400, 10**30), usd="1e50"), reserve(ivo), close=True)
    row = only_row()
    assert (row.input_tokens, row.output_tokens, row.actual_cost_usd) == (MAX_TOKENS, MAX_TOKENS, MAX_USD)
    assert counters(ivo)[:2] == (2 * MAX_TOKENS, MAX_USD)
    assert_reconciled()


@pytest.mark.parametrize("usd", [Decimal("-1"), Decimal("NaN"), Decimal("-Infinity"), "free", 1.5, None])
def test_a_cost_that_is_no_amount_is_charged_as_estimated(ivo, usd):
    made = attempt(ivo, actual_cost_usd=usd, estimated_cost_usd=Decimal("0.07"))
    record(made, reserve(ivo), close=True)
    assert only_row().actual_cost_usd == Decimal("0.07")
    assert_reconciled()


def test_honest_figures_are_kept_to_the_pico_dollar_and_add_no_note(ivo):
    record(attempt(ivo, usd="0.000000000001", metadata={"seat": "A"}), reserve(ivo), close=True)
    row = only_row()
    assert row.actual_cost_usd == Decimal("0.000000000001")
    assert row.metadata == {"seat": "A"}


def test_text_that_no_database_takes_is_stored_without_what_breaks_it(ivo):
    nasty = "a\0b\ud800c" + "x" * 5000
    hostile = {"k\0": [nasty[:4], {"deep": {"er": {"and": {"deep": {"er": "still"}}}}}, float("nan")]}
    fields = dict.fromkeys(["model", "model_version", "error_message", "error_code", "session_id"], nasty)
    record(attempt(ivo, metadata=hostile, processing_time_ms=10**30, retry_count=-3, **fields), reserve(ivo))
    row = only_row()
    assert row.model == ("ab?c" + "x" * 5000)[:200]
    assert len(row.error_message) == 2000
    assert (row.processing_time_ms, row.retry_count) == (2**31 - 1, 0)
    assert row.metadata["k"][0] == "ab?"
    assert row.metadata["k"][2] == "nan"
    json.dumps(row.metadata)


def test_endless_metadata_is_dropped_with_a_note(ivo):
    record(attempt(ivo, metadata={f"key{n}": "x" * 100 for n in range(10_000)}), reserve(ivo))
    assert set(only_row().metadata) == {"dropped"}
