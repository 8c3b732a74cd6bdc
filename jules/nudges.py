"""A message that only says "look again"; the reaper asks again where it was lost."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def workers(attempt_id: int, expires_s: float | None = None) -> None:
    """Asks a worker to take the attempt."""
    send("jules.tasks.run_fix", attempt_id, expires_s=expires_s)


def followers() -> None:
    """Asks a worker to look at open pull requests now, and not at the next tick."""
    send("jules.tasks.follow")


def send(task: str, *arguments: int, expires_s: float | None = None) -> None:
    try:
        current_app.send_task(task, args=arguments, expires=expires_s, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("%s waits for the next tick: %s", task, type(error).__name__)
