"""The provider that was asked, and after it the site's fallback."""

from dataclasses import replace

from providers.configuration.directory import Directory
from providers.exceptions import (
    AIServiceError,
    CreditExhausted,
    KeyRefused,
    NotConfigured,
    NotFound,
    ProviderResting,
    UpstreamError,
)
from providers.gateway.asked import Asked
from providers.gateway.repeats import repeated
from providers.models import AIServiceConfig
from providers.runtime.hop import hop
from providers.types import AIResponse

OPENS_THE_BREAKER = (ProviderResting, KeyRefused, CreditExhausted)


async def answered(asked: Asked) -> AIResponse:
    """Errors: those of the provider that was asked; a fallback that fails too is named in their sentence."""
    try:
        return await repeated(asked)
    except UpstreamError as error:
        other = await hop(fallback_of, asked) if may_turn(asked, error) else None
        if other is None:
            raise
        first = error
    asked_for = f"{asked.provider}/{asked.prompt.model}"
    asked.turn_to(*other)
    try:
        response = await repeated(asked)
    except AIServiceError as second:
        first.restate(f"{first.message} Its fallback failed too: {second.message}")
        first.log_id = second.log_id or first.log_id
        first.usage_note = second.usage_note or first.usage_note
        raise first from second
    return replace(response, metadata={**response.metadata, "fallback_for": asked_for})


def may_turn(asked: Asked, error: UpstreamError) -> bool:
    """On a failure that passes, or an open breaker; never once a part of the answer was shown, and never
    where the caller chose the very connection: what it asks goes nowhere else."""
    if asked.connection is not None:
        return False
    wanted = error.retryable or isinstance(error, OPENS_THE_BREAKER)
    left = asked.left_s()
    return asked.purpose.may_fall_back and wanted and not asked.shown and (left is None or left > 0)


def fallback_of(asked: Asked) -> tuple[str, str] | None:
    """(provider, model) that stands in; None where none is set, or it is the one that failed."""
    config = AIServiceConfig.get_instance()
    if not config.fallback_provider:
        return None
    try:
        entry = Directory().entries.get(config.fallback_provider)
    except (NotConfigured, NotFound):
        return None
    if entry is None or not entry.configured:
        return None
    other = (config.fallback_provider, config.fallback_model or entry.model)
    return other if other[1] and other != (asked.provider, asked.prompt.model) else None
