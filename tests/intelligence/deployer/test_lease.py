"""Claims, cancelling, lost workers and the reaper."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from intelligence import tasks
from intelligence.deployer import store
from intelligence.deployer.desk import DESK
from intelligence.fleet import deployments
from intelligence.logs import logbook
from intelligence.models import Deployment, Service
from providers.runtime import loop
from tests.intelligence.deployer.conftest import logged, needs_sandbox, work_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queued(shop, everyone, nudged):
    return deployments.queue(shop, everyone["ivo"])


def changed(deployment, **values):
    Deployment.objects.filter(pk=deployment.pk).update(**values)


def ago(**span):
    return timezone.now() - timedelta(**span)


def test_queueing_nudges_a_worker_after_the_commit(queued, nudged):
    assert nudged == [queued.pk]


def test_one_worker_gets_it(queued):
    assert store.claim(queued.pk, "a").claims == 1
    assert store.claim(queued.pk, "b") is None


@needs_sandbox
def test_a_running_build_is_cancelled_within_two_seconds(shop, queued):
    Service.objects.filter(pk=shop.pk).update(build_command="echo begun; sleep 50")

    async def go():
        begun = asyncio.get_running_loop().time()
        assert await DESK.take(queued.pk)
        await logged(queued, "\nbegun")
        assert await asyncio.to_thread(deployments.ask_to_stop, queued)
        await DESK.done(queued.pk)
        return asyncio.get_running_loop().time() - begun

    assert loop.run(go(), 30) < 10
    queued.refresh_from_db()
    assert (queued.status, queued.reason, queued.claimed_by) == ("CANCELLED", "Cancelled.", "")


@needs_sandbox
def test_a_build_whose_worker_was_lost_is_begun_anew_by_another(queued, nudged):
    store.claim(queued.pk, "lost")
    store.move(queued.pk, "lost", "BUILDING")
    nudged.clear()
    tasks.reap()
    assert nudged == []  # its claim still holds
    changed(queued, claim_expires_at=ago(seconds=1))
    tasks.reap()
    assert nudged == [queued.pk]
    work_on(queued)
    assert queued.status == "RUNNING"
    assert b"The worker before was lost; another one goes on." in b"".join(logbook.stream(queued))
    with pytest.raises(store.LeaseLost):
        store.move(queued.pk, "lost", "FAILED", "too late")


@pytest.mark.parametrize(
    ("values", "status", "reason"),
    [
        ({"status": "HEALTH_CHECK", "claims": 1}, "FAILED", "The worker was lost while it was HEALTH_CHECK."),
        ({"status": "BUILDING", "claims": 3}, "FAILED", "The worker was lost while it was BUILDING."),
        ({"cancel_requested": True}, "CANCELLED", "Cancelled."),
        ({"created_at": ago(minutes=16)}, "FAILED", "No worker took it within 15 minutes."),
    ],
)
def test_what_has_no_prospect_is_ended_with_a_reason(queued, values, status, reason):
    changed(queued, **values)
    tasks.reap()
    queued.refresh_from_db()
    assert (queued.status, queued.reason, queued.claimed_by) == (status, reason, "")


def test_one_that_nobody_works_on_is_cancelled_at_once(queued):
    assert deployments.ask_to_stop(queued)
    queued.refresh_from_db()
    assert queued.status == "CANCELLED" and not deployments.ask_to_stop(queued)


@needs_sandbox
@pytest.mark.parametrize("begun", [False, True])
def test_a_worker_that_stops_hands_its_build_back(shop, queued, begun):
    Service.objects.filter(pk=shop.pk).update(build_command="echo begun; sleep 50")

    async def go():
        assert await DESK.take(queued.pk)
        if begun:
            await logged(queued, "\nbegun")
        await DESK.close()

    loop.run(go(), 20)
    queued.refresh_from_db()
    assert queued.status in {"QUEUED", "BUILDING"} and queued.claimed_by == ""
