"""When a failed attempt is made again, and after how long. Pure.

    pause = min(base * 2^n, longest), n = 0 for the first repeat
    with jitter: pause * (0.5 + chance), chance from 0 up to 1, again at most the longest

The base is doubled after a 429 (`RATE_LIMITED_TIMES`). Where the upstream says how long to wait, that is the
pause, at most the longest.
"""

from dataclasses import dataclass

from providers.exceptions import AIServiceError, UpstreamError, UpstreamRateLimited

RATE_LIMITED_TIMES = 2.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`repeats`: attempts after the first. Seconds."""

    repeats: int = 3
    base_s: float = 1.0
    longest_s: float = 30.0
    jitter: bool = True


def unknown_outcome(error: AIServiceError, *, sent: bool) -> bool:
    """The upstream may have the request, and never said what became of it: perhaps it worked, and bills it."""
    return sent and isinstance(error, UpstreamError) and error.upstream_status is None


def may_repeat(error: AIServiceError, *, shown: bool, sent: bool) -> bool:
    """Only what is transient: what never left, or what the upstream itself answered with a passing fault.

    Never once a part of the answer was shown, and never where the outcome is unknown.
    """
    passing = isinstance(error, UpstreamError) and error.retryable
    return passing and not shown and not unknown_outcome(error, sent=sent)


def pause_s(policy: RetryPolicy, repeat: int, error: AIServiceError, chance: float) -> float | None:
    """Seconds before repeat number `repeat` (0 is the first); None where there is none left."""
    if repeat >= policy.repeats:
        return None
    if error.retry_after is not None and error.retry_after > 0:
        return min(error.retry_after, policy.longest_s)
    base = policy.base_s * (RATE_LIMITED_TIMES if isinstance(error, UpstreamRateLimited) else 1.0)
    pause = min(base * 2.0**repeat, policy.longest_s)
    return min(pause * (0.5 + chance), policy.longest_s) if policy.jitter else pause
