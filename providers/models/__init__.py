from providers.models.access import ApiToken
from providers.models.ledger import AIUsageLog, CapDay, Reservation, UserAICap
from providers.models.settings import AIProviderSettings

__all__ = ["AIProviderSettings", "AIUsageLog", "ApiToken", "CapDay", "Reservation", "UserAICap"]
