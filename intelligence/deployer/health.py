"""Whether a service answers at its health address."""

import asyncio

from intelligence.deployer.job import Failed, Job
from providers.exceptions import AIServiceError
from providers.network import outbound
from providers.network.transport import FAULTS
from providers.runtime import clock

TRIES, PAUSE_S, ANSWER_S = 20, 3.0, 5.0
MOST_WORDS = 200


async def answers(job: Job, url: str) -> None:
    """Returns once the address answers 2xx. Errors: Failed with the address and the words of the last answer."""
    said = ""
    for _ in range(TRIES):
        job.check()
        good, said = await look(url)
        job.log.say(f"Health of {url}: {said}")
        if good:
            return
        await clock.sleep(PAUSE_S)
    raise Failed(f"{url} did not become healthy: {said}")


async def look(url: str) -> tuple[bool, str]:
    """Whether it answers 2xx, and its status and first words, or why there was no answer."""
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await outbound.upstream(url).send("GET", url, headers={"Accept": "*/*"})
            try:
                await answer.read()
            finally:
                answer.close()
    except TimeoutError:
        return False, f"no answer within {ANSWER_S:g} s"
    except AIServiceError as error:
        return False, str(error)
    except FAULTS as error:
        return False, f"no connection ({type(error).__name__})"
    words = " ".join(answer.text.split())[:MOST_WORDS]
    return answer.is_success, f"{answer.status_code} {words}".strip()
