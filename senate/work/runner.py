"""Works one claimed session to its end: what was stored is taken, the rest is asked, everything is booked.

The claim's token stands in every write. A worker that dies leaves rows; the next one goes on from them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from providers import gateway, ledger
from providers.exceptions import AIServiceError, UpstreamTimeout
from providers.runtime.hop import hop
from providers.runtime.uncut import through, uncut
from providers.types import AIResponse, Purpose
from senate.engine.ballots import Unreadable
from senate.engine.case import Event, Outcome, Result, Spec
from senate.engine.deliberation import NOT_NEEDED, Deliberation
from senate.engine.purse import Amount
from senate.engine.streamed import FieldText
from senate.models import SenateSession
from senate.quote import case_of, price_of_call
from senate.work import audit, ending, recovery, store
from senate.work.recorder import Draft, Recorder, shown
from senate.work.store import LeaseLost

logger = logging.getLogger(__name__)
OVER_QUOTE = "It would pass the price that was quoted, so it was not asked."


class Run:
    """One claim on one session. `cancel` may be called from anywhere on the loop."""

    def __init__(self, session: SenateSession) -> None:
        self.session, self.token = session, session.claimed_by
        self._cancelled = session.reason if session.cancel_requested else ""
        self._recorder = Recorder(session.pk, self.token, self.give_up)
        self._fault: Exception | None = None
        self._left = recovery.Left()
        self._task: asyncio.Task[Any] | None = None
        self._at_work = False

    @property
    def reservation(self) -> str:
        return str(self.session.reservation or "")

    def cancel(self, reason: str) -> None:
        """The user's wish: running calls are cancelled, the session ends as cancelled."""
        self._cancelled = reason
        self._stop()

    def give_up(self, error: Exception) -> None:
        """The claim is gone, or nothing can be written: stop spending."""
        self._fault = self._fault or error
        self._stop()

    def _stop(self) -> None:
        if self._task is not None and self._at_work:
            self._at_work = False  # the end of a session is written whole
            self._task.cancel()

    async def go(self) -> None:
        """Runs to the end. Errors: CancelledError, where this process stops and the claim is to be handed back;
        else none that a caller could do something about; they are logged."""
        self._task = asyncio.current_task()
        try:
            await self._work()
        except asyncio.CancelledError:
            if self._fault is None and not self._cancelled:
                raise
            self._task.uncancel()
            if self._fault is None:
                await self._end("cancelled", self._cancelled)
            else:
                await uncut(self._leave(self._fault))
        except LeaseLost as error:
            await uncut(self._leave(error))
        except TimeoutError:
            await self._end("failed", store.LATE)
        except AIServiceError as error:  # what can't be had at all: no reservation, no price
            await self._end("failed", error.message)
        except Exception:
            logger.exception("session %s failed", self.session.pk)
            await self._end(
                "failed", "This failed on our side. Ask again, or give the session's number to an admin."
            )

    async def _leave(self, why: Exception) -> None:
        """Another worker goes on. It holds what is still to be spent anew, so this hold would stand beside it."""
        logger.warning("session %s was left to another worker: %s", self.session.pk, why)
        if self.reservation:
            await ledger.release(self.reservation)
        await hop(store.hand_back, self.session.pk, self.token)

    async def _work(self) -> None:
        session, resumed = self.session, self.session.claims > 1
        self._at_work = True
        if self._cancelled:
            raise asyncio.CancelledError
        if resumed:
            self._left = await recovery.book_lost(session, self.token)
        known = await hop(recovery.known_of, session)
        self._recorder.seen, self._purse, self._recorder.own_prices = known.events, known.purse, known.own_prices
        data = {"plan": session.plan, "members": len(session.seats), "resumed": resumed}
        begun = Event("session.started", data=data)
        if resumed:
            await uncut(self._begin_again(begun))
        else:
            self._recorder.hold(begun)
        self._engine = Deliberation(case_of(session), self.call, self._recorder.emit, self._recorder.hold)
        async with asyncio.timeout(store.left_s(session)):
            result = await self._engine.run()
        self._at_work = False
        await self._conclude(result)

    async def _begin_again(self, begun: Event) -> None:
        """Nothing is held that the session's row does not know of."""
        held = await recovery.reserve_again(self.session, self._purse)
        await self._recorder.write([begun], [], held)

    async def call(self, spec: Spec) -> Outcome:
        """One member asked; its outcome is stored before it is returned."""
        if (stored := self._left.outcomes.get(spec.key)) is not None:
            return stored
        provider = self.session.seats[spec.member]["provider"]
        worst = price_of_call(provider, spec.prompt, self._recorder.own_prices)
        if not self._purse.take(spec.key, worst, spec.extra):
            return Outcome("failed", "", OVER_QUOTE, "over_quote")
        bound = {"tokens": worst.tokens, "output": spec.prompt.max_output_tokens, "usd": f"{worst.usd:f}"}
        note = {"worst": bound, "claim": self.session.claims}
        return await self._ask(Draft(spec, provider, self._recorder.own_prices), note)

    async def _ask(self, draft: Draft, note: dict[str, Any]) -> Outcome:
        """What the ledger has of it is stored with the call, even where it is cancelled meanwhile."""
        spec = draft.spec
        operation = f"{self.session.plan}.{spec.phase}"
        purpose = Purpose(
            user_id=self.session.owner_id,
            operation=operation,
            session_id=str(self.session.pk),
            reservation=self.reservation,
            may_fall_back=False,  # a member is this very model: another in its name would not be its voice
            metadata={
                "call": spec.key,
                "claim": self.session.claims,
                **self.session.about,
                **audit.votes(spec, self._engine, self.session),
            },
            describe=audit.resolution(spec, self.session),
        )
        try:
            await self._recorder.start(draft, note, again=spec.key in self._left.asked_before)
            response = await gateway.ask(
                spec.prompt, draft.provider, purpose, on_text=self._writer(draft), timeout_s=spec.timeout_s
            )
        except asyncio.CancelledError:
            await uncut(self._cut_off(draft))
            raise
        except AIServiceError as error:
            state = "timed_out" if isinstance(error, UpstreamTimeout) else "failed"
            spent = getattr(error, "usage_note", None) or recovery.NOTHING
            outcome = Outcome(state, draft.text, error.message, error.code)
            return await self._kept(self._store(draft, outcome, spent, getattr(error, "log_id", None), {}))
        return await self._kept(self._answered(draft, response))

    async def _kept(self, stored: Awaitable[Outcome]) -> Outcome:
        """The outcome, stored whatever comes. What cuts off this call alone (its time, or that its ballot is not
        needed) came too late then; what stops the run goes on."""
        outcome, cancelled = await through(stored)
        if cancelled is not None and self._task is not None and self._task.cancelling():
            raise cancelled
        return outcome

    def _writer(self, draft: Draft) -> Callable[[str], None]:
        """What becomes of the text while it is written: shown, shown in part, or not at all."""
        match draft.spec.shows:
            case "reply":
                return lambda piece: self._recorder.say(draft, piece)
            case "resolution":
                part = FieldText("resolution")
                return lambda piece: self._recorder.say(draft, part.feed(piece))
            case _:
                return lambda piece: None

    async def _answered(self, draft: Draft, response: AIResponse) -> Outcome:
        spec, text = draft.spec, response.content
        note = {name: getattr(response, name) for name in recovery.NOTHING}
        if not text.strip():
            outcome = Outcome("failed", "", empty(spec, response.finish_reason), "empty_answer")
            return await self._store(draft, outcome, note, response.log_id, {})
        outcome = Outcome("done", text)
        if spec.read is None:
            draft.text = text
            cut = {"cut": True} if response.finish_reason == "length" else {}
            return await self._store(draft, outcome, note, response.log_id, cut)
        try:
            parts = spec.read(text)
            draft.text = parts.get("resolution", "")
        except Unreadable as why:
            parts = {"unreadable": str(why)}
        return await self._store(draft, outcome, note, response.log_id, {"reply": text, **parts})

    async def _store(
        self, draft: Draft, outcome: Outcome, note: dict[str, Any], log_id: str | None, data: dict[str, Any]
    ) -> Outcome:
        figures = {name: note[name] for name in recovery.NOTHING}
        spent = Amount(figures["input_tokens"] + figures["output_tokens"], figures["cost_usd"])
        self._purse.settle(draft.spec.key, spent)
        row = {"state": outcome.state, "text": draft.text, "log_id": log_id or None, "data": data, **figures}
        row |= {"error": outcome.error, "error_code": outcome.code}
        said = {**shown(figures), "log_id": log_id or ""}
        if not outcome.good:
            said |= {"state": outcome.state, "error": outcome.error, "code": outcome.code}
        await self._recorder.finish(draft, row, said)
        return outcome

    async def _cut_off(self, draft: Draft) -> None:
        """A call that was cancelled: by the user, or by the wall behind its time-out. It is booked already."""
        called_off = draft.spec.phase == "review" and draft.spec.member in self._engine.called_off
        if self._fault is not None or not (self._cancelled or called_off or self._overdue(draft)):
            return  # the worker stops: whoever goes on finds the open row and the ledger's
        usage = await hop(store.usage_rows, self.session.pk, draft.spec.key, self.session.claims)
        note = recovery.note_of(usage)
        if self._overdue(draft):
            error = f"No answer within {draft.spec.timeout_s:g} s. The call was cancelled."
            outcome = Outcome("timed_out", draft.text, error, UpstreamTimeout.code)
        elif called_off and not self._cancelled:
            outcome = Outcome("cancelled", draft.text, NOT_NEEDED, "not_needed")
        else:
            outcome = Outcome("cancelled", draft.text, self._cancelled, "cancelled")
        await self._store(draft, outcome, note, str(usage[-1].pk) if usage else None, {})

    def _overdue(self, draft: Draft) -> bool:
        return asyncio.get_running_loop().time() - draft.started >= draft.spec.timeout_s

    async def _conclude(self, result: Result) -> None:
        answers = {str(seat): text for seat, text in result.answers.items()}
        data = {"state": result.kind, "member": result.member, "text": result.text}
        data |= {"answers": answers, "unanswered": list(result.unanswered)}
        self._recorder.hold(Event("resolution", data=data))
        chair = {"resolution": result.text, "chair": result.member}
        await self._end(result.state, result.reason, chair)

    async def _end(self, state: str, reason: str, session: dict[str, Any] | None = None) -> None:
        """Whole, whatever comes meanwhile: the rest of its money is freed, then its end is stored."""
        self._at_work = False
        await uncut(self._ended(state, reason, session or {}))

    async def _ended(self, state: str, reason: str, session: dict[str, Any]) -> None:
        events, calls, values = await ending.of(self.session, state, reason)
        try:
            await self._recorder.write(events, calls, {**values, **session})
        except LeaseLost as error:
            logger.warning("session %s was ended by another worker: %s", self.session.pk, error)


def empty(spec: Spec, finish_reason: str) -> str:
    if finish_reason == "length":
        return f"It used its whole limit of {spec.prompt.max_output_tokens} tokens before it wrote an answer."
    return "It answered with nothing."
