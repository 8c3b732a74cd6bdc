"""Rows of the runtime: services, their deployments and logs."""

from intelligence.models.approvals import Approval
from intelligence.models.deployments import ENDED, Deployment, LogChunk, Status
from intelligence.models.health import ServiceHealth
from intelligence.models.reports import Alert, WebhookDelivery, WebhookRefusal
from intelligence.models.samples import Sample
from intelligence.models.services import Service

__all__ = [
    "ENDED",
    "Alert",
    "Approval",
    "Deployment",
    "LogChunk",
    "Sample",
    "Service",
    "ServiceHealth",
    "Status",
    "WebhookDelivery",
    "WebhookRefusal",
]
