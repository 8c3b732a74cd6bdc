"""The troubleshooting runs that this process works on."""

from collections.abc import Mapping
from uuid import UUID

from intelligence.agents.runs import store
from intelligence.agents.runs.run import Run
from providers.runtime.desk import Desk
from providers.runtime.hop import hop

MOST = 4  # at once in one process; what waits is nudged again by the reaper


class RunDesk(Desk[UUID, Run]):
    kind = "run"

    async def claim(self, key: UUID, token: str) -> Run | None:
        row = await hop(store.claim, key, token)
        return None if row is None else Run(row)

    async def work(self, work: Run) -> None:
        await work.go()

    async def hand_back(self, key: UUID, work: Run) -> None:
        await hop(store.hand_back, key, work.token)

    async def look(self) -> None:
        """Stops those that somebody has cancelled."""
        for key in await hop(store.cancelled, list(self.held)):
            self.drop(key)

    async def beat(self, held: Mapping[str, Run]) -> None:
        for token in await hop(store.beat, list(held)):
            self.drop(held[token].pk)

    def full(self) -> bool:
        return len(self.held) >= MOST


DESK = RunDesk()
