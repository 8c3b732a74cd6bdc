"""Waiting, chance and the time of day, in one place, so that whoever tests what waits need not wait."""

import asyncio
import random
from datetime import UTC, datetime


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


def chance() -> float:
    """At least 0, below 1."""
    return random.random()  # noqa: S311  it spreads retries, it guards nothing


def now() -> datetime:
    return datetime.now(UTC)
