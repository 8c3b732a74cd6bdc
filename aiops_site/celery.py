"""Celery: messages are nudges; what must not be lost is a row with a lease (see docs/decisions).

A message carries the request id of the page or call that sent it, so that the worker's log lines bear it too.
"""

import logging
import logging.config
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.beat import PersistentScheduler

from aiops_site.operation.logs import request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aiops_site.settings")
app = Celery("aiops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_scheduler = "aiops_site.celery:Scheduler"
app.conf.beat_max_loop_interval = 5

logger = logging.getLogger(__name__)
HEADER = "request_id"
A_MOMENT = timedelta(seconds=1)  # by which a clock may be put right without a word
_heart: threading.Event | None = None


class Scheduler(PersistentScheduler):
    """Sends while it is its turn, and says with every turn of its loop that beat is alive. Of several that run one
    sends; the others look every few seconds whether it has gone."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        from aiops_site.operation import heartbeat, turn

        if not turn.mine():
            return float(self.max_interval)
        heartbeat.attempt(heartbeat.beat, "beat")
        self.follow_the_clock()
        return float(super().tick(*args, **kwargs))

    def follow_the_clock(self) -> None:
        """A clock that was set back would keep what ran "later" waiting for that time, in this process and, by the
        file of the schedule, in the next one: no sweep and no seal for hours. It is taken as having run now."""
        ahead = [one for one in self.schedule.values() if one.last_run_at > one.default_now() + A_MOMENT]
        for entry in ahead:
            entry.last_run_at = entry.default_now()
        if ahead:
            logger.warning("The clock was set back: what is sent by time goes on from now.")
            self._heap = None

    def close(self) -> None:
        from aiops_site.operation import turn

        turn.give_up()
        super().close()


@signals.setup_logging.connect
def log_like_the_site(**kwargs: Any) -> None:
    """Celery would bring handlers of its own; being connected here is what stops it."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@signals.celeryd_init.connect
@signals.beat_init.connect
def make_message_folders(**kwargs: Any) -> None:
    """Without Redis the messages are files; Celery makes only the last of these folders."""
    options = app.conf.broker_transport_options or {}
    for name in ("data_folder_in", "control_folder"):
        if name in options:
            Path(options[name]).mkdir(parents=True, exist_ok=True)


@signals.worker_init.connect
def audit_as_worker(**kwargs: Any) -> None:
    from providers.trail import audit

    audit.on("worker")


@signals.worker_ready.connect
def start_heart(**kwargs: Any) -> None:
    from aiops_site.operation import heartbeat

    global _heart
    _heart = heartbeat.keep_beating(os.environ.get(heartbeat.HEART, "worker"))


@signals.worker_ready.connect
def warm_up(**kwargs: Any) -> None:
    """What takes seconds is not made ready during the first deliberation."""
    from providers.runtime import warm

    warm.start()


@signals.worker_shutting_down.connect
def stop_heart(**kwargs: Any) -> None:
    from aiops_site.operation import heartbeat

    if _heart is not None:
        _heart.set()
    heartbeat.attempt(heartbeat.forget, os.environ.get(heartbeat.HEART, "worker"))


@signals.before_task_publish.connect
def send_request_id(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    if headers is not None and request_id.get():
        headers[HEADER] = request_id.get()


@signals.task_prerun.connect
def take_request_id(task: Any = None, **kwargs: Any) -> None:
    request_id.set(task.request.get(HEADER) or "")


@signals.task_postrun.connect
def drop_request_id(**kwargs: Any) -> None:
    request_id.set("")
