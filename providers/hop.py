"""One hop from the loop to a thread for a plain sync database function, and back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connection, connections

P = ParamSpec("P")
T = TypeVar("T")
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="database")


def close_all() -> None:
    """Closes the connections of every thread of the pool (tests, and before a fork)."""
    waiting = [_pool.submit(connections.close_all) for _ in range(8)]
    for future in waiting:
        future.result(timeout=5)


async def hop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `function` in a database thread. The eight threads keep their SQLite connection (opening one
    costs milliseconds); one of PostgreSQL goes back to its pool."""

    def run() -> T:
        keep = connection.vendor == "sqlite"
        try:
            return function(*args, **kwargs)
        finally:
            if not keep:
                close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_pool, run)
