"""Rows of the runtime: services, their deployments and logs."""

from intelligence.models.approvals import Approval
from intelligence.models.deployments import ENDED, Deployment, LogChunk, Status
from intelligence.models.services import Service

__all__ = ["ENDED", "Approval", "Deployment", "LogChunk", "Service", "Status"]
