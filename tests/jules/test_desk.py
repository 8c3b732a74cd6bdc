import asyncio

import pytest

from intelligence.models import Deployment, Service
from jules import autofix
from jules.models import FixAttempt
from jules.work.desk import DESK, MOST
from providers.runtime import loop

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_nudged_while_the_desk_was_full_is_taken_when_a_place_is_free(world, everyone):
    service = Service.objects.create(name="bare", owner=everyone["ivo"])  # no repository: a fix ends at once
    attempts = [
        autofix.start(Deployment.objects.create(service=service, status="FAILED"), None) for _ in range(MOST + 2)
    ]

    async def work():
        assert await DESK.take(attempts[0].pk)
        while DESK._tasks:
            await asyncio.wait(list(DESK._tasks.values()))

    loop.run(work(), 20)
    ends = set(FixAttempt.objects.values_list("state", "error"))
    assert ends == {("failed", "The service has no repository address. Add it on the service's page.")}
