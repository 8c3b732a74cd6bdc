"""The hook deployer: calls the service's own deploy hook once, then waits for what is reported, or for health.

The hook's address carries a key, so no sentence here holds it.
"""

import asyncio

from intelligence.deployer.health import answers
from intelligence.deployer.job import Cancelled, Failed, Job
from intelligence.models import Status
from providers.exceptions import AIServiceError
from providers.network import outbound
from providers.network.transport import FAULTS

ANSWER_S = 30.0
REPORT_S = 1_800.0
UNREPORTED = "Its hook was called; how it ended was not reported within {:.0f} minutes."


async def deploy(job: Job) -> None:
    """Until it is RUNNING. A hook is called once: who goes on after a lost worker only waits.

    Errors: Failed, Cancelled, LeaseLost (it ended otherwise: a report did it)."""
    service = job.deployment.service
    if job.status == Status.QUEUED:
        if not service.deploy_hook_url:
            raise Failed("The service has no deploy hook.")
        await job.move(Status.DEPLOYING)
        await call(job, service.deploy_hook_url)
    if service.health_url and not service.webhook_secret:
        if job.status != Status.HEALTH_CHECK:
            await job.move(Status.HEALTH_CHECK)
        await answers(job, service.health_url)
        job.log.say("Nobody reports this service's deployments: its health address decided.")
        return await job.move(Status.RUNNING)
    job.log.say("Waiting for its host to report how it goes.")
    await job.log.flush()
    try:
        async with asyncio.timeout(REPORT_S):
            while True:  # a look at the row every second ends this: a report, a wish to stop
                job.news.clear()
                job.check()
                await job.news.wait()
    except TimeoutError:
        raise Cancelled(UNREPORTED.format(REPORT_S / 60)) from None


async def call(job: Job, url: str) -> None:
    deployment = job.deployment
    body = {"deployment": str(deployment.pk), "branch": deployment.branch, "commit": deployment.commit}
    job.log.say("Calling the deploy hook")
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await outbound.upstream(url).send("POST", url, json_body=body)
            answer.close()
    except TimeoutError:
        raise Failed(f"The deploy hook did not answer within {ANSWER_S:g} s.") from None
    except AIServiceError as error:
        raise Failed(f"The deploy hook may not be called: {type(error).__name__}.") from error
    except FAULTS as error:
        raise Failed(f"The deploy hook could not be reached ({type(error).__name__}).") from error
    if not answer.is_success:
        redirect = " (redirects are not followed)" if 300 <= answer.status_code < 400 else ""
        raise Failed(f"The deploy hook answered {answer.status_code}{redirect}.")
    job.log.say(f"The deploy hook answered {answer.status_code}")
