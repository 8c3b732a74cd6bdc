"""Works one claimed run to its end: think, call, think again. What is stored is taken; no call is made twice."""

import asyncio
import logging
import time
from contextlib import suppress

from django.db import Error as DatabaseError

from intelligence.agents import gate
from intelligence.agents.gate import Caller, Outcome, Refused
from intelligence.agents.runs import evidence, runbook, store
from intelligence.agents.runs.model import Model
from intelligence.agents.runs.runbook import Runbook
from intelligence.agents.runs.store import LeaseLost
from intelligence.agents.runs.types import Case, Ending, OutOfBudget, Step, Thinks, Turn
from intelligence.approval import approvals
from intelligence.models import AgentRun, AgentStep
from providers.exceptions import AIServiceError, NotFound
from providers.runtime.hop import hop

logger = logging.getLogger(__name__)
UNFORESEEN = "The console failed while it worked on this; its log says more."
NO_CALLS, NO_TIME = "Its {} calls are used up.", "Its {:g} seconds are used up."
MORE_TURNS = 4  # than calls: a model that asks for what there is not must come to an end too
NO_TURNS = "It thought {} times and did not come to an answer."
DECIDED = {"denied": "A person said no", "expired": "Nobody decided in time", "changed": "It was not run"}


class Waits(Exception):
    """A person has to decide before it can go on."""


class Run:
    """One claim on one run."""

    def __init__(self, run: AgentRun) -> None:
        self.run, self.pk, self.token = run, run.pk, run.claimed_by
        self.caller = Caller(None, run.owner_id, frozenset(run.scopes), run.pk)
        self.steps: list[AgentStep] = []
        self.mind: Thinks = Runbook() if run.mind == "runbook" else Model(run)

    async def go(self) -> None:
        """Runs to the end. Errors: DatabaseError, where not even that can be written."""
        try:
            await self._work()
        except Waits:
            with suppress(LeaseLost):
                await hop(store.waits, self.pk, self.token)
        except LeaseLost as lost:
            logger.info("run %s is no longer worked on here: %s", self.pk, lost)
        except asyncio.CancelledError:
            if not await hop(store.wants_cancel, self.pk):
                raise
            await self._end(Ending("cancelled", store.CANCELLED))
        except AIServiceError as error:
            await self._end(Ending("failed", error.message))
        except DatabaseError:
            raise
        except Exception:
            logger.exception("run %s failed here", self.pk)
            await self._end(Ending("failed", UNFORESEEN))

    async def _end(self, ending: Ending) -> None:
        with suppress(LeaseLost):
            await hop(store.end, self.pk, self.token, ending)

    async def _work(self) -> None:
        self.offered = await hop(gate.tools, self.caller)
        while True:
            await self._call_all()
            case = await self._case()
            try:
                self._check(case)
                turn, seconds = await self._think(case)
            except OutOfBudget as out:
                await self._partly(case, str(out))
                break
            if not turn.asked:
                await self._answered(turn, case, seconds)
                break
            await hop(store.add_turn, self.run, self.token, turn, seconds)

    def _check(self, case: Case) -> None:
        """Errors: OutOfBudget."""
        if case.seconds_left <= 0:
            raise OutOfBudget(NO_TIME.format(self.run.most_seconds))
        turns = sum(1 for step in case.steps if step.kind == "think")
        if turns >= self.run.most_steps + MORE_TURNS:
            raise OutOfBudget(NO_TURNS.format(turns))

    async def _think(self, case: Case) -> tuple[Turn, float]:
        """The next turn and how long it took. Where the model can't answer, the fixed list goes on."""
        began = time.monotonic()
        try:
            turn = await self.mind.next(case)
        except AIServiceError as error:
            if isinstance(self.mind, Runbook):
                raise
            self.mind = Runbook()
            await hop(store.write, self.pk, self.token, mind="runbook", fallback=error.message)
            turn = await self.mind.next(case)
        return turn, time.monotonic() - began

    async def _case(self) -> Case:
        """All that the mind is asked, as the rows have it now."""
        if await hop(store.wants_cancel, self.pk):
            raise asyncio.CancelledError
        run = self.run
        await hop(run.refresh_from_db, fields=["steps_used", "seconds", "cost_usd"])
        self.steps = await hop(store.steps, self.pk)
        service = {"id": str(run.service_id), "name": run.service.name} if run.service else None
        return Case(
            question=run.question,
            cause=run.cause,
            service=service,
            tools=self.offered,
            steps=[plain(step) for step in self.steps],
            steps_left=run.most_steps - run.steps_used,
            seconds_left=run.most_seconds - run.seconds,
            usd_left=run.most_usd - run.cost_usd,
        )

    async def _answered(self, turn: Turn, case: Case, seconds: float) -> None:
        proven, unproven = evidence.checked(turn.evidence, case.steps)
        state, reason = "done", ""
        if case.last and turn.mind == "runbook":
            state, reason = "partial", NO_CALLS.format(self.run.most_steps)
        ending = Ending(state, reason, turn.answer, proven, unproven)
        await hop(store.conclude, self.run, self.token, turn, seconds, ending)

    async def _partly(self, case: Case, reason: str) -> None:
        """What was found until the budget ended, by the fixed rules: nobody is asked any more."""
        text, claims = runbook.summary(case)
        proven, unproven = evidence.checked(claims, case.steps)
        await self._end(Ending("partial", reason, text, proven, unproven))

    async def _call_all(self) -> None:
        """Makes the calls that wait, one after the other; what a lost worker had begun is not begun again."""
        for step in await hop(store.steps, self.pk):
            if step.state == "waiting":
                await self._call(step)
            elif step.state == "running":
                await self._take_over(step)
        await hop(approvals.expire)  # no answer in time is a no
        undecided = [s for s in await hop(store.steps, self.pk) if s.state == "approval"]
        for step in undecided:
            await self._decided(step)

    async def _call(self, step: AgentStep) -> None:
        if await hop(store.wants_cancel, self.pk):
            raise asyncio.CancelledError
        if not await hop(store.begin, step, self.token):
            return
        await hop(step.refresh_from_db)
        try:
            outcome = await gate.acall(self.caller, step.tool, step.arguments, idempotency_key=self._key(step))
        except Refused as refused:
            state = "refused" if refused.status < 500 else "failed"
            await hop(store.finish, step, self.token, state, error=refused.message)
        else:
            await self._keep(step, outcome)

    def _key(self, step: AgentStep) -> str:
        return f"run-{self.pk}-{step.n}"

    async def _keep(self, step: AgentStep, outcome: Outcome) -> None:
        if outcome.approval_id is not None:
            await hop(store.finish, step, self.token, "approval", approval_id=outcome.approval_id)
        else:
            await hop(store.finish, step, self.token, "done", result=outcome.result)

    async def _take_over(self, step: AgentStep) -> None:
        """A call that a lost worker had begun: its outcome where the gate has kept it, else it counts as lost."""
        kept = await hop(gate.earlier, self.caller, self._key(step))
        if kept is not None:
            await self._keep(step, kept)
        else:
            await hop(store.finish, step, self.token, "lost")

    async def _decided(self, step: AgentStep) -> None:
        """What a person's decision came to. Errors: Waits."""
        asked = step.approval
        if asked is None:
            raise NotFound("The approval that this run waits for is gone.")
        if asked.state in ("pending", "approved", "executing"):
            raise Waits
        words, why = DECIDED.get(asked.state, f"It is {asked.state}"), asked.decision_why or asked.error
        said = f"{words}: {why}" if why else f"{words}."
        state = {"done": "done", "failed": "failed"}.get(asked.state, "refused")
        ended = {"result": asked.result} if state == "done" else {"error": said}
        await hop(store.finish, step, self.token, state, **ended)


def plain(step: AgentStep) -> Step:
    """The row as minds see it."""
    return Step(
        n=step.n,
        kind=step.kind,
        turn=step.turn,
        text=step.text,
        calls=step.calls,
        call_id=step.call_id,
        tool=step.tool,
        arguments=step.arguments,
        state=step.state,
        result=step.result,
        error=step.error,
    )
