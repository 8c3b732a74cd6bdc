"""Who analyses: the one active row, else OpenAI's key in the environment, else the local rules.

    get_provider().run(subject)          # an Advice, whatever happens upstream

A driver holds only what differs from its wire: which keys its config has and what they default to.
"""

from typing import Any

from django.conf import settings

from intelligence.models import IntelligenceProvider
from intelligence.providers.base import BaseAIProvider, BaseProvider, LocalRecommendationProvider
from intelligence.providers.drivers import (
    ClaudeRecommendationProvider,
    CopilotRecommendationProvider,
    GeminiRecommendationProvider,
    GrokRecommendationProvider,
    MistralRecommendationProvider,
    OllamaRecommendationProvider,
    OpenAIRecommendationProvider,
)
from providers.exceptions import AIServiceError, InvalidInput

__all__ = ["PROVIDER_CLASSES", "BaseAIProvider", "BaseProvider", "get_active_provider", "get_provider"]

PROVIDER_CLASSES: dict[str, type[BaseProvider]] = {
    kind.provider: kind
    for kind in (
        LocalRecommendationProvider,
        OpenAIRecommendationProvider,
        ClaudeRecommendationProvider,
        GeminiRecommendationProvider,
        CopilotRecommendationProvider,
        GrokRecommendationProvider,
        OllamaRecommendationProvider,
        MistralRecommendationProvider,
    )
}


def get_active_provider() -> BaseProvider:
    """The active row's driver; the local rules where no row is active, or, with `broken` saying why, where the
    active one can't be used."""
    row = IntelligenceProvider.objects.filter(is_active=True).first()
    return LocalRecommendationProvider() if row is None else from_row(row)


def get_provider() -> BaseProvider:
    """The active row's; without any row OpenAI, where its key is in the environment; then the local rules."""
    key = settings.PROVIDER_ENV_KEY("OPENAI_API_KEY")
    if key and not IntelligenceProvider.objects.exists():
        model = settings.PROVIDER_ENV_KEY("OPENAI_MODEL")
        return OpenAIRecommendationProvider(api_key=key, **({"model": model} if model else {}))
    return get_active_provider()


def from_row(row: IntelligenceProvider) -> BaseProvider:
    """Its driver. One that can't be made becomes the local rules, and they say why."""
    try:
        made = built(row.provider, row.config)
    except AIServiceError as error:
        return LocalRecommendationProvider(broken=f"{row.name} can't be used: {error.message}")
    made.name = row.name
    return made


def built(provider: str, config: Any) -> BaseProvider:
    """Errors: InvalidInput for an unknown driver, or a config that it doesn't take."""
    if provider not in PROVIDER_CLASSES:
        raise InvalidInput(f"There is no driver {provider[:50]!r}.", param="provider")
    if not isinstance(config, dict):
        raise InvalidInput("Its saved credentials can't be decrypted. Save them again.", param="config")
    return PROVIDER_CLASSES[provider](**config)
