from providers.models.access import ApiToken
from providers.models.ledger import AIUsageLog, CapDay, Reservation, UserAICap
from providers.models.settings import AIProviderSettings, ProviderCheck

__all__ = ["AIProviderSettings", "AIUsageLog", "ApiToken", "CapDay", "ProviderCheck", "Reservation", "UserAICap"]
