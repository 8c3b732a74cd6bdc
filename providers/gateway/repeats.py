"""One provider, attempt after attempt, until it answers or there is no point in asking again."""

from providers.exceptions import AIServiceError, UpstreamError
from providers.gateway.asked import Asked
from providers.gateway.attempt import Again, attempt
from providers.runtime import clock
from providers.types import AIResponse


async def repeated(asked: Asked) -> AIResponse:
    """Every attempt has its own usage row, and its own share of a reservation before it starts.

    A repeat that may not start (breaker, cap, limits) ends in the error of the attempt before it.
    """
    failure: UpstreamError | None = None
    repeat = 0
    while True:
        try:
            return await attempt(asked, repeat)
        except Again as again:
            failure, repeat = again.failure, repeat + 1
            await clock.sleep(again.seconds)
        except AIServiceError as error:
            if failure is not None and not error.log_id:
                raise failure from error
            raise
