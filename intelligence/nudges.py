"""Messages that only say "look again". None is needed for anything to be right, so none may fail anybody."""

from uuid import UUID

from providers.runtime.nudge import send


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
