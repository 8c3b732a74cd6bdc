"""Policy of the site: limits, retry, breaker, fallback, prices of one's own, what is logged. One row."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from providers.exceptions import InvalidInput
from providers.fields import MoneyField
from providers.money.own_prices import OwnPrices, read_prices
from providers.resilience.retry import RetryPolicy

DAILY_LIMIT_USD, PER_REQUEST_LIMIT_USD, MONTHLY_LIMIT_USD = Decimal(100), Decimal("0.50"), Decimal(500)


def _from_to(least: float, most: float) -> list[Any]:
    return [MinValueValidator(least), MaxValueValidator(most)]


class AIServiceConfig(models.Model):
    """Singleton (pk 1), read at every call, so that a change holds in every process from the next call on.

    Limits bind the whole site (UTC day and month); `per_request_cost_limit_usd` binds each upstream call.
    `model_pricing`: model, `provider/model` or `*` -> {input, output, cached_input?} in USD per million tokens.
    `requests_per_minute`: provider -> calls a minute that the gateway paces itself to.
    """

    is_enabled = models.BooleanField(default=True)
    default_provider = models.CharField(max_length=40, blank=True, default="")
    default_model = models.CharField(max_length=200, blank=True, default="")
    fallback_provider = models.CharField(max_length=40, blank=True, default="")
    fallback_model = models.CharField(max_length=200, blank=True, default="")
    daily_cost_limit_usd = MoneyField(default=DAILY_LIMIT_USD)
    per_request_cost_limit_usd = MoneyField(default=PER_REQUEST_LIMIT_USD)
    monthly_cost_limit_usd = MoneyField(default=MONTHLY_LIMIT_USD)
    pause_on_budget_exceeded = models.BooleanField(default=True)
    requests_per_minute = models.JSONField(default=dict, blank=True)
    circuit_breaker_threshold = models.PositiveSmallIntegerField(default=5, validators=_from_to(1, 1_000))
    circuit_breaker_reset_minutes = models.PositiveIntegerField(default=15, validators=_from_to(1, 10_080))
    max_retries = models.PositiveSmallIntegerField(default=3, validators=_from_to(0, 10))
    retry_base_delay_seconds = models.FloatField(default=1.0, validators=_from_to(0, 60))
    retry_max_delay_seconds = models.FloatField(default=30.0, validators=_from_to(0, 600))
    retry_jitter = models.BooleanField(default=True)
    model_pricing = models.JSONField(default=dict, blank=True)
    log_prompts = models.BooleanField(default=False)
    log_responses = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return "AI service policy"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        self.clean_fields()
        self.clean()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        try:
            read_prices(self.model_pricing)
        except InvalidInput as error:
            raise ValidationError({"model_pricing": error.message}) from error

    @classmethod
    def get_instance(cls) -> "AIServiceConfig":
        """The saved policy; the defaults where nobody has saved one. One query, writes nothing."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def provider_health(self) -> dict[str, Any]:
        """Read only: provider -> model -> state of its circuit breaker, of all that failed of late or rest."""
        from providers.resilience import breaker
        from providers.runtime import clock

        return breaker.health(self, clock.now())

    @property
    def retry_policy(self) -> RetryPolicy:
        return RetryPolicy(
            repeats=self.max_retries,
            base_s=self.retry_base_delay_seconds,
            longest_s=self.retry_max_delay_seconds,
            jitter=self.retry_jitter,
        )

    @property
    def own_prices(self) -> OwnPrices:
        return read_prices(self.model_pricing)
