"""The seven drivers of models: which row of the catalog each calls, and which keys of its config differ."""

from intelligence.providers.base import BaseAIProvider
from providers.catalog import provider as catalog_row


class OpenAIRecommendationProvider(BaseAIProvider):
    provider, label = "openai", "OpenAI"


class ClaudeRecommendationProvider(BaseAIProvider):
    provider, label = "claude", "Claude"


class GeminiRecommendationProvider(BaseAIProvider):
    provider, label = "gemini", "Gemini"


class CopilotRecommendationProvider(BaseAIProvider):
    provider, label = "copilot", "Copilot"
    optional = ("model", "max_tokens", "base_url")


class GrokRecommendationProvider(BaseAIProvider):
    provider, label = "grok", "Grok"
    optional = ("model", "max_tokens", "base_url")


class OllamaRecommendationProvider(BaseAIProvider):
    """A model of one's own machine: no key."""

    provider, label = "ollama", "Ollama"
    required = ()
    optional = ("host", "model", "max_tokens")

    @classmethod
    def defaults(cls) -> dict[str, object]:
        return {**super().defaults(), "host": catalog_row("ollama").base_url}


class MistralRecommendationProvider(BaseAIProvider):
    provider, label = "mistral", "Mistral"
