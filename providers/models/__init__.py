from providers.models.access import ApiToken
from providers.models.analysis import AIAnalysis
from providers.models.breaker import ProviderBreaker
from providers.models.config import AIServiceConfig
from providers.models.idempotency import IdempotentRequest
from providers.models.ledger import AIUsageLog, CapDay, Reservation, SiteDay, UserAICap
from providers.models.settings import AIProviderSettings, ProviderCheck

__all__ = [
    "AIAnalysis",
    "AIProviderSettings",
    "AIServiceConfig",
    "AIUsageLog",
    "ApiToken",
    "CapDay",
    "IdempotentRequest",
    "ProviderBreaker",
    "ProviderCheck",
    "Reservation",
    "SiteDay",
    "UserAICap",
]
