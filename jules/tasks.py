"""Nudges for workers, and the ticks of beat. A message says "look"; a claim on a row decides who works on it."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_shutdown, worker_shutting_down

from jules import autofix, follow, nudges
from jules.work import store
from jules.work.desk import DESK
from providers.exceptions import InvalidInput
from providers.runtime import loop
from providers.runtime.desk import new_token

logger = logging.getLogger(__name__)


@shared_task(name="jules.tasks.run_fix", ignore_result=True)
def run_fix(attempt_id: int, **_: Any) -> None:
    """Claims the attempt, if nobody has it, and works on it in this process's loop. Returns at once."""
    loop.spawn(_take(attempt_id))


async def _take(attempt_id: int) -> None:
    try:
        await autofix.take(attempt_id)
    except Exception:  # nobody waits for this: the reaper nudges again
        logger.exception("fix %s could not be claimed", attempt_id)


@shared_task(name="jules.tasks.reap", ignore_result=True)
def reap(**_: Any) -> None:
    """Attempts that nobody works on: nudged again, or ended with a reason where that has no prospect."""
    for attempt in store.abandoned():
        if reason := store.hopeless(attempt):
            store.end_unworked(attempt.pk, new_token(), reason)
        else:
            nudges.workers(attempt.pk, expires_s=10)


@shared_task(name="jules.tasks.look", ignore_result=True)
def look(**_: Any) -> None:
    """Failed deployments of services that opted in."""
    for deployment in autofix.wanted_by_themselves():
        try:
            autofix.start(deployment, None)
        except InvalidInput as error:
            logger.info("deployment %s is not fixed by itself: %s", deployment.pk, error)


@shared_task(name="jules.tasks.follow", ignore_result=True)
def follow_pull_requests(**_: Any) -> None:
    """What became of open pull requests; stale ones are closed."""
    loop.run(follow.follow(), timeout=50)


@worker_shutting_down.connect
def begin_handing_back(**_: Any) -> None:
    loop.spawn(DESK.close())


@worker_shutdown.connect
def hand_back(**_: Any) -> None:
    loop.run(DESK.close(), timeout=5)
