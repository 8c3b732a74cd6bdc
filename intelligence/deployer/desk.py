"""The deployments that this process works on: claimed, kept alive, cancelled when asked."""

import asyncio
import logging
from collections.abc import Mapping
from uuid import UUID

from django.db import Error as DatabaseError

from intelligence.deployer import hook, local, store
from intelligence.deployer.job import Cancelled, Failed, Job
from intelligence.deployer.store import LeaseLost
from intelligence.logs.secrets import redactor
from intelligence.models import Status
from providers.exceptions import AIServiceError
from providers.runtime import desk
from providers.runtime.hop import hop

logger = logging.getLogger(__name__)
LONGEST_S = 2_700.0
MOST_LOCAL = 2  # builds at once in one process
LATE = f"It did not end within {LONGEST_S / 60:.0f} minutes."
UNFORESEEN = "The console failed while it worked on this; its log says more."


class Desk(desk.Desk[UUID, Job]):
    kind = "deployment"

    async def claim(self, key: UUID, token: str) -> Job | None:
        deployment = await hop(store.claim, key, token)
        return deployment and Job(deployment, await hop(redactor))

    async def work(self, work: Job) -> None:
        try:
            await self._to_its_end(work)
        except LeaseLost as lost:
            logger.info("deployment %s is no longer worked on here: %s", work.deployment.pk, lost)

    async def _to_its_end(self, job: Job) -> None:
        try:
            async with asyncio.timeout(LONGEST_S):
                if job.deployment.claims > 1:
                    job.log.say("The worker before was lost; another one goes on.")
                await (local if job.deployment.origin == "local" else hook).deploy(job)
            await job.log.close()
        except Cancelled as stop:
            await self._end(job, Status.CANCELLED, str(stop) or "Cancelled.")
        except Failed as failed:
            if failed.detail:
                job.log.add(failed.detail.rstrip().encode() + b"\n")
            await self._end(job, Status.FAILED, failed.message)
        except TimeoutError:
            await self._end(job, Status.FAILED, LATE)
        except AIServiceError as error:
            await self._end(job, Status.FAILED, error.message)
        except (LeaseLost, DatabaseError):
            raise
        except Exception:
            logger.exception("deployment %s failed here", job.deployment.pk)
            await self._end(job, Status.FAILED, UNFORESEEN)

    async def _end(self, job: Job, status: str, reason: str) -> None:
        job.log.say(f"{status.capitalize()}: {reason}")
        await job.log.close()
        await hop(store.move, job.deployment.pk, job.token, status, reason)

    async def hand_back(self, key: UUID, work: Job) -> None:
        await hop(store.hand_back, key, work.token)

    async def look(self) -> None:
        for pk, (status, stop) in (await hop(store.look, list(self.held))).items():
            if pk in self.held:
                self.held[pk].seen(status, stop)

    async def beat(self, held: Mapping[str, Job]) -> None:
        for token in await hop(store.beat, list(held)):
            held[token].lose()

    def full(self) -> bool:
        return sum(1 for job in self.held.values() if job.deployment.origin == "local") >= MOST_LOCAL

    async def waiting(self) -> list[UUID]:
        return [made.pk for made in await hop(store.abandoned) if not any(store.hopeless(made))]


DESK = Desk()
