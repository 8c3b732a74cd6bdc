"""The sessions that this process works on: claimed, kept alive by a heartbeat, cancelled when asked. One loop."""

from collections.abc import Mapping

from providers import ledger
from providers.runtime import desk
from providers.runtime.hop import hop
from senate.work import nudges, store
from senate.work.runner import Run
from senate.work.store import LeaseLost

RESERVE_FOR_S = 90.0


class Desk(desk.Desk[int, Run]):
    kind = "session"

    async def claim(self, key: int, token: str) -> Run | None:
        session = await hop(store.claim, key, token)
        return session and Run(session)

    async def work(self, work: Run) -> None:
        await work.go()

    async def hand_back(self, key: int, work: Run) -> None:
        await hop(store.hand_back, key, work.token)
        await hop(nudges.workers, key)

    async def look(self) -> None:
        """For wishes to cancel."""
        for session_id, reason in (await hop(store.cancel_wanted, list(self.held))).items():
            if session_id in self.held:
                self.held[session_id].cancel(reason)

    async def beat(self, held: Mapping[str, Run]) -> None:
        for token in await hop(store.beat, list(held)):
            held[token].give_up(LeaseLost("its claim had run out"))
        for run in held.values():
            if run.reservation:
                await ledger.extend(run.reservation, RESERVE_FOR_S)


DESK = Desk()
