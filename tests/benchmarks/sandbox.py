"""What the sandbox adds to a start: python -m tests.benchmarks.sandbox [--rounds 40]. Target: 50 ms at the median.

Plain Python and the same in the sandbox in turns, so that a noisy machine is as noisy for both.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable

from intelligence.agents.sandbox import Sandbox

COMMAND = ("/usr/bin/python3", "-I", "-c", "pass")
TARGET_MS = 50.0


async def plain() -> None:
    process = await asyncio.create_subprocess_exec(*COMMAND)
    if await process.wait():
        raise RuntimeError("Python did not start.")


async def sandboxed() -> None:
    done = await Sandbox().run(COMMAND)
    if not done.ok:
        raise RuntimeError(f"The sandbox did not start: {done.stderr}")


async def seconds(work: Awaitable[None]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def added(rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each start, plain and in the sandbox."""
    await sandboxed()
    pairs = [(await seconds(plain()), await seconds(sandboxed())) for _ in range(rounds)]
    return [1000 * one for one, _ in pairs], [1000 * other for _, other in pairs]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rounds", type=int, default=40)
    bare, held = asyncio.run(added(given.parse_args().rounds))
    more = statistics.median(held) - statistics.median(bare)
    print(f"plain Python    {statistics.median(bare):5.1f} ms median, {max(bare):5.1f} ms worst")
    print(f"in the sandbox  {statistics.median(held):5.1f} ms median, {max(held):5.1f} ms worst")
    print(f"added           {more:5.1f} ms median (below {TARGET_MS:g}): {'ok' if more < TARGET_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
