"""The attempts that this process works on: claimed, kept alive, handed back."""

from collections.abc import Mapping

from jules.work import store
from jules.work.run import Run
from providers.runtime import desk
from providers.runtime.hop import hop

MOST = 2  # at once in one process


class Desk(desk.Desk[int, Run]):
    kind = "fix"

    async def claim(self, key: int, token: str) -> Run | None:
        attempt = await hop(store.claim, key, token)
        return attempt and Run(attempt)

    async def work(self, work: Run) -> None:
        await work.go()

    async def hand_back(self, key: int, work: Run) -> None:
        await hop(store.hand_back, key, work.token)

    async def beat(self, held: Mapping[str, Run]) -> None:
        for token in await hop(store.beat, list(held)):
            self.drop(held[token].pk)

    def full(self) -> bool:
        return len(self.held) >= MOST

    async def waiting(self) -> list[int]:
        return [attempt.pk for attempt in await hop(store.abandoned) if not store.hopeless(attempt)]


DESK = Desk()
