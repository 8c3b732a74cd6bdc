"""The deployments that this process works on: claimed, kept alive, cancelled when asked. On the process's loop."""

import asyncio
import logging
import os
import socket
import uuid
from uuid import UUID

from django.db import Error as DatabaseError

from intelligence.deployer import hook, local, store
from intelligence.deployer.job import Cancelled, Failed, Job
from intelligence.deployer.store import LeaseLost
from intelligence.models import Deployment, Status
from intelligence.secrets import redactor
from providers.exceptions import AIServiceError
from providers.hop import hop

logger = logging.getLogger(__name__)
LOOK_S, BEAT_S = 1.0, 10.0
LONGEST_S = 2_700.0
MOST_LOCAL = 2  # builds at once in one process; what waits is nudged again by the reaper
LATE = f"It did not end within {LONGEST_S / 60:.0f} minutes."
UNFORESEEN = "The console failed while it worked on this; its log says more."


def new_token() -> str:
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


class Desk:
    def __init__(self) -> None:
        self._jobs: dict[UUID, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pulse: asyncio.Task[None] | None = None
        self._closed = False

    async def take(self, deployment_id: UUID) -> bool:
        """Claims it and begins to work on it. False where somebody has it, it has ended, or the desk is full."""
        building = sum(1 for job in self._jobs.values() if job.deployment.origin == "local")
        if self._closed or deployment_id in self._jobs or building >= MOST_LOCAL:
            return False
        deployment = await hop(store.claim, deployment_id, new_token())
        if deployment is None:
            return False
        job = self._jobs[deployment_id] = Job(deployment, await hop(redactor))
        task = asyncio.create_task(self._work(job), name=str(deployment_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._pulse is None or self._pulse.done():
            self._pulse = asyncio.create_task(self._keep_alive())
        return True

    async def _work(self, job: Job) -> None:
        try:
            await self._to_its_end(job)
        except LeaseLost as lost:
            logger.info("deployment %s is no longer worked on here: %s", job.deployment.pk, lost)
        except Exception:  # not even its end could be written: the claim runs out, another goes on
            logger.exception("deployment %s was left", job.deployment.pk)
        finally:
            self._jobs.pop(job.deployment.pk, None)

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

    async def _keep_alive(self) -> None:
        """Runs while there is work. Where the database is away, claims run out by themselves."""
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + BEAT_S
        while self._jobs:
            await asyncio.sleep(LOOK_S)
            try:
                for pk, (status, stop) in (await hop(store.look, list(self._jobs))).items():
                    if pk in self._jobs:
                        self._jobs[pk].seen(status, stop)
                if loop.time() >= beat_at:
                    beat_at = loop.time() + BEAT_S
                    await self._beat()
            except DatabaseError:
                logger.exception("the heartbeat could not be written")

    async def _beat(self) -> None:
        jobs = {job.token: job for job in self._jobs.values()}
        for token in await hop(store.beat, list(jobs)):
            jobs[token].lose()

    async def close(self) -> None:
        """Takes no more, and hands every deployment back."""
        self._closed = True
        tasks, jobs = list(self._tasks), list(self._jobs.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._jobs.clear()  # a task that had not begun could not do it itself
        for job in jobs:
            await hop(store.hand_back, job.deployment.pk, job.token)

    def open(self) -> None:
        self._closed = False

    async def done(self, deployment: Deployment) -> None:
        """Returns when this process no longer works on it."""
        tasks = [task for task in self._tasks if task.get_name() == str(deployment.pk)]
        await asyncio.gather(*tasks, return_exceptions=True)


DESK = Desk()
