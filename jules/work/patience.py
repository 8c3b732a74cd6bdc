"""Once more, with back-off, for what is transient only: five tries, factor 2."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential

from providers.exceptions import AIServiceError
from providers.runtime import clock

T = TypeVar("T")
TRIES, FACTOR, LONGEST_S = 5, 2, 60.0


async def patient(work: Callable[[], Awaitable[T]], told: Callable[[str], Awaitable[None]] | None = None) -> T:
    """The result of `work`. `told` hears of every try that failed. Errors: those of the last try."""

    async def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if told and error:
            await told(f"Try {state.attempt_number} of {TRIES}: {error}")

    async def once() -> T:
        return await work()

    policy = AsyncRetrying(
        retry=retry_if_exception(transient),
        stop=stop_after_attempt(TRIES),
        wait=_wait,
        sleep=clock.sleep,
        before_sleep=tell,
        reraise=True,
    )
    return await policy(once)


def transient(error: BaseException) -> bool:
    return isinstance(error, AIServiceError) and bool(error.retryable)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    wanted = getattr(error, "retry_after", None) or 0.0
    return max(min(wanted, LONGEST_S), wait_exponential(multiplier=1, exp_base=FACTOR)(state))
