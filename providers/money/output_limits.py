"""How long an answer may be where its caller doesn't say: `AI_OUTPUT_TOKENS`, a number and words per operation.

`2000,chat=4000,log_analysis=1200`: chats 4,000 tokens, analyses of logs 1,200, all else 2,000. A call without a
bound can't be reserved, so there always is one. The Senate's phases have their own settings (`SENATE_*_TOKENS`).
"""

from functools import lru_cache

from django.conf import settings

MOST = 32_000


@lru_cache(maxsize=4)
def parsed(words: tuple[str, ...]) -> dict[str, int]:
    """Operation -> tokens; "" is every other one. Errors: ValueError in a sentence."""
    found = {"": 2_000}
    for word in words:
        operation, _, number = word.rpartition("=")
        if not (number.strip().isdigit() and 1 <= int(number) <= MOST):
            raise ValueError(f"{word!r} is no output limit: write a number from 1 to {MOST}, or operation=number.")
        found[operation.strip()] = int(number)
    return found


def output_limit(operation: str) -> int:
    """Tokens that an answer of this operation may have where its caller gives no limit."""
    limits = parsed(tuple(settings.AI_OUTPUT_TOKENS))
    return limits.get(operation, limits[""])
