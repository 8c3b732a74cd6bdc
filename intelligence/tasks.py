"""Nudges for workers, and the ticks of beat. A message says "look"; a claim on a row decides who works on it."""

import logging
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_shutdown, worker_shutting_down
from django.conf import settings

from intelligence import analyst, nudges
from intelligence.agents import troubleshooter
from intelligence.agents.runs import unasked
from intelligence.analysis import runs, summaries
from intelligence.approval import approvals
from intelligence.deployer import store
from intelligence.deployer.desk import DESK
from intelligence.fleet import health_scan, samples, scans
from intelligence.models import Deployment, Service
from intelligence.webhooks import work
from providers.runtime import clock, loop
from providers.runtime.desk import new_token

logger = logging.getLogger(__name__)


@shared_task(name="intelligence.tasks.run_deployment", ignore_result=True)
def run_deployment(deployment_id: str, **_: Any) -> None:
    """Claims the deployment, if nobody has it, and works on it in this process's loop. Returns at once."""
    loop.spawn(_take(UUID(deployment_id)))


async def _take(deployment_id: UUID) -> None:
    try:
        await DESK.take(deployment_id)
    except Exception:  # nobody waits for this: the reaper nudges again
        logger.exception("deployment %s could not be claimed", deployment_id)


@shared_task(name="intelligence.tasks.reap", ignore_result=True)
def reap(**_: Any) -> None:
    """Real deployments that nobody works on: nudged again, or ended with a reason where that has no prospect.
    Approvals whose time is up end; one that was given while its process was lost is carried out."""
    for deployment in store.abandoned():
        status, reason = store.hopeless(deployment)
        if not status:
            nudges.deployer(deployment.pk, expires_s=10)
        else:
            store.end_unworked(deployment.pk, new_token(), status, reason)
    approvals.expire()
    approvals.take_up()


@shared_task(name="intelligence.tasks.run_agent", ignore_result=True)
def run_agent(run_id: str, **_: Any) -> None:
    """Claims the run, if nobody has it, and works on it in this process's loop. Returns at once."""
    loop.spawn(_take_run(UUID(run_id)))


async def _take_run(run_id: UUID) -> None:
    try:
        await troubleshooter.take(run_id)
    except Exception:  # nobody waits for this: the reaper nudges again
        logger.exception("run %s could not be claimed", run_id)


@shared_task(name="intelligence.tasks.reap_agents", ignore_result=True)
def reap_agents(**_: Any) -> None:
    """Runs that nobody works on, also those whose approval was decided; and runs that start by themselves."""
    troubleshooter.sweep()
    unasked.start_due()


@shared_task(name="intelligence.tasks.handle_delivery", ignore_result=True)
def handle_delivery(pk: str, **_: Any) -> None:
    """What a webhook said; a second nudge does nothing."""
    work.handle(int(pk))


@shared_task(name="intelligence.tasks.sweep_deliveries", ignore_result=True)
def sweep_deliveries(**_: Any) -> None:
    """Deliveries whose nudge was lost."""
    for pk in work.waiting():
        nudges.delivery(pk)


@shared_task(name="intelligence.tasks.pull_samples", ignore_result=True)
def pull_samples(**_: Any) -> None:
    """One sample a minute of every service that Prometheus knows."""
    if not settings.PROMETHEUS_URL:
        return
    names = dict(Service.objects.values_list("pk", "name"))
    found, fault = loop.run(samples.pull_all(names), timeout=300)
    for service in Service.objects.filter(pk__in=found):
        samples.take(service, [{"at": samples.due(clock.now()), **found[service.pk]}])
    if fault:
        logger.warning("samples could not be pulled: %s", fault)


@shared_task(name="intelligence.tasks.check_health", ignore_result=True)
def check_health(**_: Any) -> None:
    """Asks the services that run; a tick that was missed is not made up for."""
    if wanted := health_scan.due():
        health_scan.note(loop.run(health_scan.ask(wanted), timeout=300))


@shared_task(name="intelligence.tasks.analyse_run", ignore_result=True)
def analyse_run(pk: str, **_: Any) -> None:
    """Does an analysis that nobody has; a second nudge does nothing."""
    analyst.perform(UUID(pk))


@shared_task(name="intelligence.tasks.explain_failure", ignore_result=True)
def explain_failure(deployment_id: str, **_: Any) -> None:
    """Analyses a deployment that has just failed, once."""
    found = Deployment.objects.filter(pk=deployment_id).select_related("service").first()
    if found is not None and (run := runs.for_failure(found)) is not None:
        analyst.perform(run.pk)
        summaries.write_waiting()


@shared_task(name="intelligence.tasks.summarise_deployments", ignore_result=True)
def summarise_deployments(**_: Any) -> None:
    """What has ended since the last tick, and what an analysis has something new about."""
    summaries.write_waiting()


@shared_task(name="intelligence.tasks.sweep_analyses", ignore_result=True)
def sweep_analyses(**_: Any) -> None:
    """Failed deployments without an analysis, and analyses whose nudge or worker was lost."""
    runs.give_up_lost()
    runs.for_failures()
    for pk in runs.waiting().order_by("created_at").values_list("pk", flat=True)[: runs.BATCH]:
        nudges.analyst(pk, expires_s=15)


@shared_task(name="intelligence.tasks.scan_service", ignore_result=True)
def scan_service(pk: str, **_: Any) -> None:
    """One look at one service; a second nudge meanwhile does nothing."""
    scans.scan(UUID(pk))


@shared_task(name="intelligence.tasks.scan_services", ignore_result=True)
def scan_services(**_: Any) -> None:
    """The services whose look is due, each in a task of its own."""
    for pk in scans.due():
        nudges.scan(pk, expires_s=60)


@shared_task(name="intelligence.tasks.resolve_quiet", ignore_result=True)
def resolve_quiet(**_: Any) -> None:
    scans.resolve_quiet()


@worker_shutting_down.connect
def begin_handing_back(**_: Any) -> None:
    loop.spawn(DESK.close())
    loop.spawn(troubleshooter.DESK.close())


@worker_shutdown.connect
def hand_back(**_: Any) -> None:
    loop.run(DESK.close(), timeout=5)
    loop.run(troubleshooter.DESK.close(), timeout=5)
