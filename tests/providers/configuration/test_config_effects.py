"""Every field of the policy has an effect that a test shows: which one, held to the model and to the tests."""

from pathlib import Path

import pytest

from providers.models import AIServiceConfig

ROOT = Path(__file__).resolve().parents[2]
EFFECTS = {
    "is_enabled": ("senate/test_switched_off.py", "test_switched_off_every_surface_says_so_with_503"),
    "default_provider": (
        "providers/test_service.py",
        "test_without_a_name_the_policys_default_answers_else_the_first_with_a_key",
    ),
    "default_model": (
        "providers/test_service.py",
        "test_without_a_name_the_policys_default_answers_else_the_first_with_a_key",
    ),
    "fallback_provider": (
        "providers/gateway/test_fallback.py",
        "test_another_provider_answers_at_its_own_price_and_every_row_says_so",
    ),
    "fallback_model": (
        "providers/gateway/test_fallback.py",
        "test_another_provider_answers_at_its_own_price_and_every_row_says_so",
    ),
    "daily_cost_limit_usd": (
        "providers/money/test_site_limits.py",
        "test_two_users_share_the_daily_limit_and_what_one_gives_back_the_other_can_use",
    ),
    "per_request_cost_limit_usd": (
        "providers/gateway/test_gateway.py",
        "test_the_limit_of_one_call_binds_also_inside_a_reservation_that_is_larger",
    ),
    "monthly_cost_limit_usd": (
        "providers/money/test_site_limits.py",
        "test_the_monthly_limit_counts_every_day_of_the_utc_month_and_no_other",
    ),
    "pause_on_budget_exceeded": (
        "providers/gateway/test_gateway.py",
        "test_without_the_pause_a_dear_call_goes_through_and_says_so",
    ),
    "requests_per_minute": (
        "providers/resilience/test_retry.py",
        "test_calls_are_paced_to_the_hint_of_their_provider",
    ),
    "circuit_breaker_threshold": (
        "providers/resilience/test_breaker.py",
        "test_a_call_whose_repeats_open_it_stops_repeating",
    ),
    "circuit_breaker_reset_minutes": (
        "providers/resilience/test_breaker.py",
        "test_a_shorter_rest_that_an_admin_sets_holds_at_once",
    ),
    "max_retries": ("providers/resilience/test_retry.py", "test_the_settings_of_the_policy_have_their_effect"),
    "retry_base_delay_seconds": (
        "providers/resilience/test_retry.py",
        "test_the_settings_of_the_policy_have_their_effect",
    ),
    "retry_max_delay_seconds": (
        "providers/resilience/test_retry.py",
        "test_the_settings_of_the_policy_have_their_effect",
    ),
    "retry_jitter": ("providers/resilience/test_retry.py", "test_the_settings_of_the_policy_have_their_effect"),
    "model_pricing": (
        "providers/gateway/test_gateway.py",
        "test_a_model_without_a_listed_price_is_allowed_at_the_price_an_admin_set",
    ),
    "log_prompts": (
        "providers/resilience/test_retry.py",
        "test_questions_and_answers_are_kept_only_where_an_admin_says_so",
    ),
    "log_responses": (
        "providers/resilience/test_retry.py",
        "test_questions_and_answers_are_kept_only_where_an_admin_says_so",
    ),
}
BESIDE = {"id", "updated_at"}


def test_no_field_is_without_a_test_of_its_effect() -> None:
    assert {field.name for field in AIServiceConfig._meta.concrete_fields} - BESIDE == set(EFFECTS)


@pytest.mark.parametrize("name", EFFECTS)
def test_the_test_of_its_effect_is_there_and_names_the_field(name) -> None:
    file, test = EFFECTS[name]
    text = (ROOT / file).read_text()
    body = text.partition(f"def {test}(")[2]
    assert body, f"{file} has no {test}"
    assert name in body.partition("\ndef ")[0] or name in text
