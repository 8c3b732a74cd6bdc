"""A message that only says "look again"; the reaper asks again where it was lost."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def workers(attempt_id: int, expires_s: float | None = None) -> None:
    """Asks a worker to take the attempt."""
    try:
        current_app.send_task(
            "jules.tasks.run_fix", args=[attempt_id], expires=expires_s, retry=False, ignore_result=True
        )
    except (OperationalError, OSError) as error:
        logger.warning("fix %s waits for the reaper: %s", attempt_id, type(error).__name__)
