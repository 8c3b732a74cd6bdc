"""Rows of the runtime: services, their deployments and logs, what is found in them, and who looks."""

from intelligence.models.agent_runs import AgentRun, AgentStep
from intelligence.models.agents import Agent, AgentKey, AgentStop, EndedToken
from intelligence.models.analyses import AnalysisChunk, AnalysisRun, Recommendation
from intelligence.models.approvals import Approval
from intelligence.models.deployments import ENDED, Deployment, LogChunk, Status
from intelligence.models.health import ServiceHealth
from intelligence.models.incidents import Incident, IncidentDay, ServiceScan
from intelligence.models.providers import IntelligenceProvider
from intelligence.models.reports import Alert, WebhookDelivery, WebhookRefusal
from intelligence.models.samples import Sample
from intelligence.models.services import Service

__all__ = [
    "ENDED",
    "Agent",
    "AgentKey",
    "AgentRun",
    "AgentStep",
    "AgentStop",
    "Alert",
    "AnalysisChunk",
    "AnalysisRun",
    "Approval",
    "Deployment",
    "EndedToken",
    "Incident",
    "IncidentDay",
    "IntelligenceProvider",
    "LogChunk",
    "Recommendation",
    "Sample",
    "Service",
    "ServiceHealth",
    "ServiceScan",
    "Status",
    "WebhookDelivery",
    "WebhookRefusal",
]
