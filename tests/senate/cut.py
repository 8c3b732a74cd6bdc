"""A driver that cuts work off at a chosen moment: each place of our own code at which any of its tasks waits.

A moment is (place, occurrence): the chain of our functions that wait inside each other, and how often that chain
has waited before. Tasks and timers that the work starts belong to it: they inherit its context.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(f"{ROOT}/{room}/" for room in ("senate", "providers"))
# Of all sessions together: never cancelled with one of them.
BESIDE = {"Desk._keep_alive", "Scribe._run", "Scribe._tell"}
Moment = tuple[str, int]

_cut: ContextVar["Cut | None"] = ContextVar("cut", default=None)


class Cut:
    """Does `act` at the moment; without one it only counts where there is something to cut."""

    def __init__(self, moment: Moment | None = None, act: Callable[[], None] | None = None) -> None:
        self._moment, self._act = moment, act
        self.places: Counter[str] = Counter()
        self.done = False

    def waits(self, place: str) -> None:
        here = (place, self.places[place])
        self.places[place] += 1
        if self._act is not None and here == self._moment:
            self.done = True
            self._act()

    def moments(self, each: bool) -> list[Moment]:
        """`each`: every occurrence; else the first at each place."""
        return [(place, at) for place, times in self.places.items() for at in range(times if each else 1)]


class _Steps:
    """Awaits a coroutine step by step, and says where it waits."""

    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self._coro = coro

    def __await__(self) -> Generator[Any, Any, Any]:
        value, error = None, None
        while True:
            try:
                waited_for = self._coro.throw(error) if error is not None else self._coro.send(value)
            except StopIteration as stop:
                return stop.value
            cut, place = _cut.get(), place_of(self._coro)
            if cut is not None and place:
                asyncio.get_running_loop().call_soon(cut.waits, place)
            try:
                value, error = (yield waited_for), None
            except BaseException as thrown:
                value, error = None, thrown


def place_of(coro: Any) -> str:
    """`file:line > file:line` of our code, from the task's own function inwards; "" where none is ours."""
    chain: list[str] = []
    while coro is not None:
        frame = getattr(coro, "cr_frame", None) or getattr(coro, "ag_frame", None)
        if frame is not None and frame.f_code.co_filename.startswith(OURS):
            if not chain and frame.f_code.co_qualname in BESIDE:
                return ""
            chain.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        coro = getattr(coro, "cr_await", None) or getattr(coro, "ag_await", None)
    return " > ".join(chain)


async def _stepped(coro: Coroutine[Any, Any, Any]) -> Any:
    return await _Steps(coro)


@contextmanager
def stepped() -> Iterator[None]:
    """Every task that begins on the running loop goes step by step."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    loop.set_task_factory(lambda loop, coro, **rest: asyncio.Task(_stepped(coro), loop=loop, **rest))
    try:
        yield
    finally:
        loop.set_task_factory(before)


async def under(cut: Cut, work: Coroutine[Any, Any, Any]) -> Any:
    """Awaits `work`; it and all that it starts belong to the cut."""
    token = _cut.set(cut)
    try:
        return await work
    finally:
        _cut.reset(token)
