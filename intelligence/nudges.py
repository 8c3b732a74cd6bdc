"""Messages that only say "look again". None is needed for anything to be right, so none may fail anybody."""

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def deployer(deployment_id: UUID, expires_s: float | None = None) -> None:
    """Asks a worker to take the deployment. Where the broker is away the row stays, and the reaper asks again."""
    send("intelligence.tasks.run_deployment", str(deployment_id), expires_s=expires_s)


def delivery(pk: int) -> None:
    """Asks a worker to look at what a webhook said."""
    send("intelligence.tasks.handle_delivery", str(pk))


def analyst(run_id: UUID, expires_s: float | None = None) -> None:
    """Asks a worker to do the analysis."""
    send("intelligence.tasks.analyse_run", str(run_id), expires_s=expires_s)


def agent(run_id: UUID, expires_s: float | None = None) -> None:
    """Asks a worker to take the troubleshooting run."""
    send("intelligence.tasks.run_agent", str(run_id), expires_s=expires_s)


def failed(deployment_id: UUID) -> None:
    """Asks a worker to explain a deployment that has just failed. The next tick would find it too."""
    send("intelligence.tasks.explain_failure", str(deployment_id))


def scan(service_id: UUID, expires_s: float | None = None) -> None:
    """Asks a worker to look at a service."""
    send("intelligence.tasks.scan_service", str(service_id), expires_s=expires_s)


def send(task: str, *arguments: str, expires_s: float | None = None) -> None:
    try:
        current_app.send_task(task, args=arguments, expires=expires_s, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("%s waits for the next tick: %s", task, type(error).__name__)
