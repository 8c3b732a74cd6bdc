"""Nudges for workers. A message says "look at this session"; the claim on its row decides who works on it."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_shutdown, worker_shutting_down

from providers.runtime import loop
from senate.work import ending, nudges, store
from senate.work.desk import DESK

logger = logging.getLogger(__name__)


@shared_task(name="senate.tasks.run_session", queue="deliberations", ignore_result=True)
def run_session(session_id: int, **_: Any) -> None:
    """Claims the session, if nobody has it, and works on it in this process's loop. Returns at once."""
    loop.spawn(_take(session_id))


async def _take(session_id: int) -> None:
    try:
        await DESK.take(session_id)
    except Exception:  # nobody waits for this: the reaper nudges again
        logger.exception("session %s could not be claimed", session_id)


@shared_task(name="senate.tasks.reap", ignore_result=True)
def reap(**_: Any) -> None:
    """Sessions that nobody works on: nudged again, or ended with a reason where that has no prospect."""
    for session in store.abandoned():
        reason = store.hopeless(session)
        if not reason:
            nudges.workers(session.pk, expires_s=10)
            continue
        state = "cancelled" if session.cancel_requested else "failed"
        loop.run(ending.end_unworked(session.pk, state, reason))


@worker_shutting_down.connect
def begin_handing_back(**_: Any) -> None:
    """As soon as the worker is asked to stop: another goes on while this one still closes its connections."""
    loop.spawn(DESK.close())


@worker_shutdown.connect
def hand_back(**_: Any) -> None:
    loop.run(DESK.close(), timeout=5)
