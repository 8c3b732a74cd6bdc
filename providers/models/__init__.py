from providers.models.access import ApiToken
from providers.models.analysis import AIAnalysis
from providers.models.audit import AuditEntry
from providers.models.breaker import ProviderBreaker
from providers.models.config import AIServiceConfig
from providers.models.idempotency import IdempotentRequest
from providers.models.ledger import AIUsageLog, CapDay, Reservation, SiteDay, UserAICap
from providers.models.notifications import (
    Notification,
    NotificationChannel,
    NotificationDelivery,
    NotificationSeen,
)
from providers.models.refusal import Refusal
from providers.models.rollup import (
    UsageGeneration,
    UsageKey,
    UsageQuarters,
    UsageSeries,
    UsageSession,
    UsageSpend,
    UsageTime,
    UsageTotal,
)
from providers.models.seal import ChainCheck, Seal
from providers.models.settings import AIProviderSettings, ProviderCheck
from providers.models.telemetry import TelemetryMark

__all__ = [
    "AIAnalysis",
    "AIProviderSettings",
    "AIServiceConfig",
    "AIUsageLog",
    "ApiToken",
    "AuditEntry",
    "CapDay",
    "ChainCheck",
    "IdempotentRequest",
    "Notification",
    "NotificationChannel",
    "NotificationDelivery",
    "NotificationSeen",
    "ProviderBreaker",
    "ProviderCheck",
    "Refusal",
    "Reservation",
    "Seal",
    "SiteDay",
    "TelemetryMark",
    "UsageGeneration",
    "UsageKey",
    "UsageQuarters",
    "UsageSeries",
    "UsageSession",
    "UsageSpend",
    "UsageTime",
    "UsageTotal",
    "UserAICap",
]
