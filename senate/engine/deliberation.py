"""A deliberation, phase by phase: propose, review, chair; also code review and solo. Pure: asyncio only.

It is given `call`, which asks one member and stores the outcome before it returns it, `emit`, which stores what
happened, and `hold`, which leaves it to be stored with whatever is written next. Asked again after a lost worker,
`call` hands out the stored outcomes, so the same path is taken.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from providers.types import Prompt
from senate.engine import ballots as paper
from senate.engine import prompts
from senate.engine.ballots import Ballot, ChairReply, Unreadable
from senate.engine.case import Call, Case, Emit, Event, Outcome, Result, Shows, Spec, chair_order, quorum, together

NOT_NEEDED = "Not needed: the ballots still out could not change which proposal leads."
NOBODY = "No member answered."
FAILED_WORDS = {"timed_out": "timed out", "failed": "failed", "cancelled": "was cancelled"}


class Deliberation:
    """Runs one case to its end. Errors: only what `call` and `emit` raise, and cancellation."""

    def __init__(self, case: Case, call: Call, emit: Emit, hold: Callable[..., None]) -> None:
        self.case, self._call, self._emit, self._hold = case, call, emit, hold
        self.proposals: dict[int, str] = {}
        self.ballots: dict[int, Ballot] = {}
        self.lost: dict[int, Outcome] = {}
        self.called_off: set[int] = set()  # reviewers whose ballot could change nothing any more
        self._reviews: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> Result:
        match self.case.kind:
            case "solo":
                return await self._solo()
            case "code-review":
                return await self._code_review()
            case _:
                return await self._senate()

    async def _solo(self) -> Result:
        prompt = prompts.solo(self.case.seats[0].model, self.case.messages, self.case.tokens("answer", 0))
        outcomes = await self._phase("answer", "Answer", [self._spec("answer", 0, prompt)])
        answer = outcomes[0]
        if not answer.good:
            return Result("failed", "", "none", None, answer.error)
        return Result("done", answer.text, "written", 0)

    async def _propose(self) -> None:
        members = range(len(self.case.seats))
        specs = [self._spec("propose", m, self._proposal_of(m)) for m in members]
        for member, outcome in (await self._phase("propose", "Propose", specs)).items():
            if outcome.good:
                self.proposals[member] = outcome.text
            else:
                self.lost[member] = outcome

    def _proposal_of(self, member: int) -> Prompt:
        return prompts.propose(self._model(member), self.case.question, self.case.tokens("propose", member))

    async def _code_review(self) -> Result:
        await self._propose()
        if not self.proposals:
            return self._nobody()
        reviews: dict[int, str] = {}
        if len(self.proposals) == 2:
            specs = [self._cross(reviewer, 1 - reviewer) for reviewer in self.proposals]
            outcomes = await self._phase("review", "Review", specs)
            reviews = {m: outcome.text for m, outcome in outcomes.items() if outcome.good}
        text = self._both(reviews)
        if len(reviews) == 2:
            return Result("done", text, "written", None)
        reason = f"{len(self.proposals)} of 2 answers and {len(reviews)} of 2 reviews came."
        return Result("partial", text, "written", None, reason)

    def _cross(self, reviewer: int, author: int) -> Spec:
        tokens = self.case.tokens("cross", reviewer)
        prompt = prompts.cross_review(self._model(reviewer), self.case.question, self.proposals[author], tokens)
        return self._spec("review", reviewer, prompt)

    def _both(self, reviews: Mapping[int, str]) -> str:
        parts = []
        for author, proposal in self.proposals.items():
            parts.append(f"## {self.case.title(author)} answers\n\n{proposal}")
            if (review := reviews.get(1 - author)) is not None:
                parts.append(f"### {self.case.title(1 - author)} reviews it\n\n{review}")
        return "\n\n".join(parts)

    async def _senate(self) -> Result:
        await self._propose()
        if not self.proposals:
            return self._nobody()
        if len(self.proposals) > 1:
            await self._review()
        ranked = paper.standings(list(self.proposals), self.ballots)
        if len(self.proposals) < quorum(len(self.case.seats)):
            return self._leading(ranked[0].member, "Too few members answered for a resolution.")
        return await self._chair(ranked[0].member)

    async def _review(self) -> None:
        """Each author reads the others' proposals; votes are told as each ballot comes in."""
        self._hold(Event("phase.started", "review", data={"label": "Review", "total": len(self.proposals)}))
        try:
            async with asyncio.TaskGroup() as group:
                self._reviews = {r: group.create_task(self._ballot(r)) for r in self.proposals}
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        for reviewer in sorted(self.called_off - self.ballots.keys()):  # a ballot that was in already counts
            await self._abstained(reviewer, NOT_NEEDED)
        self.ballots = dict(sorted(self.ballots.items()))
        self._phase_done("review", len(self.ballots), len(self.proposals))

    def _call_off(self) -> None:
        """Cancels the reviews that are still out once they can't change who leads; each once."""
        out = [r for r, task in self._reviews.items() if r not in self.ballots and not task.done()]
        if self.case.early_stop and out and paper.decided(list(self.proposals), self.ballots, out) is not None:
            for reviewer in set(out) - self.called_off:
                self._reviews[reviewer].cancel()
            self.called_off.update(out)

    async def _ballot(self, reviewer: int) -> None:
        order = prompts.order_for(reviewer, list(self.proposals), self.case.seed)
        model, tokens = self._model(reviewer), self.case.tokens("review", reviewer, len(order))
        prompt = prompts.review(model, self.case.question, self.proposals, order, tokens)
        why = ""
        for key in (f"review:{reviewer}", f"review:{reviewer}:repair"):
            spec = self._spec("review", reviewer, prompt, key, "nothing", lambda text: _ballot_parts(text, order))
            outcome = await self._ask(spec)
            if not outcome.good:
                why = outcome.error if not why else f"{why} {outcome.error}"
                break
            try:
                await self._cast(reviewer, paper.parse_ballot(outcome.text, order))
                return
            except Unreadable as reason:
                why = f"Its ballot could not be read: {reason}."
                if reviewer in self.called_off:
                    break
                prompt = prompts.repair(model, outcome.text, str(reason), order, tokens)
        await self._abstained(reviewer, why)

    async def _abstained(self, reviewer: int, why: str) -> None:
        await self._emit(Event("abstention", "review", reviewer, {"reviewer": reviewer, "why": why}))

    async def _cast(self, reviewer: int, ballot: Ballot) -> None:
        self.ballots[reviewer] = ballot
        votes = [
            {"reviewer": reviewer, **vote, "rank": ballot.ranking.index(vote["proposal"]) + 1}
            for vote in ballot.as_dict()["votes"]
        ]
        events = [Event("vote", "review", reviewer, vote) for vote in votes]
        if all(task.done() for other, task in self._reviews.items() if other != reviewer):
            self._hold(*events)  # the last one: the chair's call follows at once, and is stored with it
        else:
            await self._emit(*events)
        self._call_off()

    async def _chair(self, leading: int) -> Result:
        """The second member chairs, else the next one; who fails is followed by another, and that is shown."""
        chairs = chair_order(list(self.proposals))
        dissents = paper.dissenters(leading, self.ballots)
        self._hold(Event("phase.started", "chair", data={"label": "Chair", "total": 1}))
        for member, following in zip(chairs, [*chairs[1:], None], strict=True):
            since = time.monotonic()
            # Quoted is the chair of a full committee; any other is paid from what the others left over.
            extra = member != chair_order(range(len(self.case.seats)))[0]
            reply, why = await self._resolution(member, dissents, extra)
            if reply is not None:
                self._phase_done("chair", 1, 1)
                return self._resolved(member, reply, dissents)
            data = {
                "from": member,
                "to": following,
                "why": why,
                "after_s": round(time.monotonic() - since, 1),
                "key": f"chair:{member}",
            }
            await self._emit(Event("chair.rotated", "chair", member, data))
        self._phase_done("chair", 0, 1)
        return replace(self._leading(leading, "No chair could write a resolution."), unanswered=dissents)

    async def _resolution(
        self, member: int, dissents: Sequence[int], extra: bool
    ) -> tuple[ChairReply | None, str]:
        """The chair's reply, or why there is none."""
        model, question = self._model(member), self.case.question
        tokens = self.case.tokens("chair", member)
        prompt = prompts.chair(model, question, self.proposals, self.ballots, dissents, tokens)
        seats = list(self.proposals)
        spec = self._spec("chair", member, prompt, "", "resolution", lambda t: _chair_parts(t, seats), extra)
        outcome = await self._ask(spec)
        if not outcome.good:
            return None, outcome.error
        try:
            return paper.parse_chair(outcome.text, seats), ""
        except Unreadable as reason:
            return None, f"Its reply could not be read: {reason}."

    def _resolved(self, member: int, reply: ChairReply, dissents: Sequence[int]) -> Result:
        state = "partial" if self.lost else "done"
        answers = {seat: reply.answers[seat] for seat in dissents if seat in reply.answers}
        silent = [seat for seat in dissents if seat not in answers]
        return Result(state, reply.resolution, "written", member, self._missing(), answers, silent)

    def _leading(self, member: int, why: str) -> Result:
        reason = f"{why} {self._missing()}".strip()
        return Result("partial", self.proposals[member], "leading", member, reason)

    def _nobody(self) -> Result:
        said = " ".join(f"{self.case.title(m)}: {o.error}" for m, o in self.lost.items())
        return Result("failed", "", "none", None, f"{NOBODY} {said}")

    def _missing(self) -> str:
        """ "4 of 5 members: DeepSeek timed out." or nothing."""
        if not self.lost:
            return ""
        said = ", ".join(f"{self.case.title(m)} {FAILED_WORDS[o.state]}" for m, o in self.lost.items())
        return f"{len(self.proposals)} of {len(self.case.seats)} members: {said}."

    async def _phase(self, name: str, label: str, specs: Sequence[Spec]) -> dict[int, Outcome]:
        """All calls of a phase at once; every outcome, good or not, by member."""
        self._hold(Event("phase.started", name, data={"label": label, "total": len(specs)}))
        outcomes = await together(self._ask(spec) for spec in specs)
        found = {spec.member: outcome for spec, outcome in zip(specs, outcomes, strict=True)}
        self._phase_done(name, sum(o.good for o in outcomes), len(specs))
        return found

    def _phase_done(self, name: str, done: int, total: int) -> None:
        data = {"done": done, "failed": total - done, "total": total}
        self._hold(Event("phase.done", name, data=data))

    async def _ask(self, spec: Spec) -> Outcome:
        """The call within its time. `call` keeps the time-out itself; this is the wall behind it."""
        try:
            async with asyncio.timeout(spec.timeout_s + self.case.grace_s):
                return await self._call(spec)
        except TimeoutError:
            return Outcome("timed_out", "", f"No answer within {spec.timeout_s:g} s.", "upstream_timeout")

    def _spec(
        self,
        phase: str,
        member: int,
        prompt: Prompt,
        key: str = "",
        shows: Shows = "reply",
        read: Callable[[str], dict[str, Any]] | None = None,
        extra: bool = False,
    ) -> Spec:
        key = key or f"{phase}:{member}"
        extra = extra or key.endswith(":repair")
        return Spec(key, phase, member, prompt, self.case.timeout_s, shows, read, extra)

    def _model(self, member: int) -> str:
        return self.case.seats[member].model


def _ballot_parts(text: str, order: Sequence[int]) -> dict[str, Any]:
    return paper.parse_ballot(text, order).as_dict()


def _chair_parts(text: str, seats: Sequence[int]) -> dict[str, Any]:
    reply = paper.parse_chair(text, seats)
    answers = {str(seat): answer for seat, answer in reply.answers.items()}
    return {"resolution": reply.resolution, "answers": answers}
