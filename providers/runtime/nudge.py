"""A message that only says "look again". None is needed for anything to be right, so none may fail anybody."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def send(task: str, *arguments: str | int, expires_s: float | None = None, **options: str) -> None:
    """Asks a worker to run the task. Where the broker is away the row stays, and the next tick asks again.
    `options`: Celery's, as `queue`."""
    try:
        current_app.send_task(task, args=arguments, expires=expires_s, retry=False, ignore_result=True, **options)
    except FileNotFoundError:  # no folder of messages: what runs here has a Redis that this command does not know
        logger.debug("%s waits for the next tick", task)
    except (OperationalError, OSError) as error:
        logger.warning("%s waits for the next tick: %s", task, type(error).__name__)
