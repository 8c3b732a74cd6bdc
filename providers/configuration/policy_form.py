"""The policy of the site as a form and as JSON: one set of fields, their limits, and saving them."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework import serializers

from providers.catalog import provider as row_of
from providers.exceptions import AIServiceError, InvalidInput
from providers.models import AIServiceConfig
from providers.money.own_prices import read_prices
from providers.serializers import Strict, Text
from providers.trail import audit

logger = logging.getLogger(__name__)
SWITCHES = ("is_enabled", "pause_on_budget_exceeded", "retry_jitter", "log_prompts", "log_responses")
OBJECTS = ("model_pricing", "requests_per_minute")
MOST_USD = 1_000_000


class Slug(Text):
    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        try:
            return row_of(value).slug if value else ""
        except AIServiceError as error:
            raise serializers.ValidationError(error.message) from error


def money() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=16, decimal_places=6, min_value=0, max_value=MOST_USD, required=False
    )


class Policy(Strict):
    """A partial update of AIServiceConfig: what is not named stays. Holds from the next call on, everywhere."""

    is_enabled = serializers.BooleanField(required=False)
    default_provider = Slug(required=False, allow_blank=True, max_length=40)
    default_model = Text(required=False, allow_blank=True, max_length=200)
    fallback_provider = Slug(required=False, allow_blank=True, max_length=40)
    fallback_model = Text(required=False, allow_blank=True, max_length=200)
    daily_cost_limit_usd = money()
    per_request_cost_limit_usd = money()
    monthly_cost_limit_usd = money()
    pause_on_budget_exceeded = serializers.BooleanField(required=False)
    requests_per_minute = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=100_000), required=False
    )
    circuit_breaker_threshold = serializers.IntegerField(min_value=1, max_value=1_000, required=False)
    circuit_breaker_reset_minutes = serializers.IntegerField(min_value=1, max_value=10_080, required=False)
    max_retries = serializers.IntegerField(min_value=0, max_value=10, required=False)
    retry_base_delay_seconds = serializers.FloatField(min_value=0, max_value=60, required=False)
    retry_max_delay_seconds = serializers.FloatField(min_value=0, max_value=600, required=False)
    retry_jitter = serializers.BooleanField(required=False)
    model_pricing = serializers.DictField(
        required=False,
        help_text="model, provider/model or * -> {input, output, cached_input?}, USD per million tokens",
    )
    log_prompts = serializers.BooleanField(required=False)
    log_responses = serializers.BooleanField(required=False)

    def validate_model_pricing(self, value: Any) -> Any:
        try:
            read_prices(value)
        except InvalidInput as error:
            raise serializers.ValidationError(error.message) from error
        return value

    def validate_requests_per_minute(self, value: Any) -> Any:
        for slug in value:
            try:
                row_of(slug)
            except AIServiceError as error:
                raise serializers.ValidationError(error.message) from error
        return value


class PolicyShown(Policy):
    provider_health = serializers.DictField(read_only=True, help_text="provider -> model -> its circuit breaker")


def shown(config: AIServiceConfig) -> dict[str, Any]:
    """Every setting as a plain value, money as decimal text."""
    values = {name: getattr(config, name) for name in Policy().fields}
    values |= {name: f"{values[name].normalize():f}" for name in values if name.endswith("_usd")}
    return {**values, "provider_health": config.provider_health}


def from_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A form's fields: a switch that is off is not sent, objects come as JSON text. Errors: InvalidInput."""
    given: dict[str, Any] = {**dict.fromkeys(SWITCHES, False), **fields}
    for name in OBJECTS:
        if isinstance(given.get(name), str):
            try:
                given[name] = json.loads(given[name].strip() or "{}")
            except (ValueError, RecursionError) as error:
                raise InvalidInput('This is not JSON. Write {"name": value, …}.', param=name) from error
    return given


def save(fields: Mapping[str, Any], by: str) -> AIServiceConfig:
    """Errors: REST framework's ValidationError by field."""
    checked = Policy(data=fields, partial=True)
    checked.is_valid(raise_exception=True)
    AIServiceConfig.objects.get_or_create(pk=1)
    with transaction.atomic():
        config = AIServiceConfig.objects.select_for_update().get(pk=1)
        changed = {n: v for n, v in checked.validated_data.items() if v != getattr(config, n)}
        before = {name: getattr(config, name) for name in changed}
        for name, value in changed.items():
            setattr(config, name, value)
        config.save()
        if changed:
            audit.record("policy.change", audit.Thing("policy"), before=before, after=changed)
    logger.info("policy changed by %s: %s", by, ", ".join(sorted(changed)) or "nothing")
    return AIServiceConfig.get_instance()
