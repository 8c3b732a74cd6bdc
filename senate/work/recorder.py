"""One session's pen: what happens is stored before it is sent on, texts in batches of a sixth of a second."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils import timezone

from providers.exceptions import PriceUnknown
from providers.format import usd
from providers.money.own_prices import NONE, OwnPrices
from providers.money.pricing import cost_of, estimate_tokens
from providers.types import Usage
from senate.engine.case import Event, Spec
from senate.work.scribe import SCRIBE
from senate.work.store import CallChange, Entry

FLUSH_S = 0.16  # between two batches of text while one member writes
FLUSH_EACH_S = 0.05  # and where many write at once, so that a crowd gets some twenty events a second, not fifty


@dataclass(slots=True)
class Draft:
    """A call that is being made. `text` is what people can read so far, `fresh` the part not stored yet."""

    spec: Spec
    provider: str
    own_prices: OwnPrices
    input_tokens: int = 0  # counted when it is first shown
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    text: str = ""
    fresh: str = ""

    def figures(self) -> dict[str, Any]:
        """Estimated tokens and cost so far, as columns."""
        self.input_tokens = self.input_tokens or estimate_tokens(self.spec.prompt.words)
        usage = Usage(self.input_tokens, estimate_tokens(self.text))
        try:
            spent = cost_of(self.provider, self.spec.prompt.model, usage, own=self.own_prices).usd
        except PriceUnknown:  # the gateway refuses such a call; there is nothing to show
            spent = Decimal(0)
        return {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost_usd": spent,
            "estimated": True,
        }


class Recorder:
    """`seen`: identities of stored events, which are not stored again. `on_lost` is called when a write fails
    outside of anybody's call, so that the run stops."""

    def __init__(self, session_id: int, token: str, on_lost: Callable[[Exception], None]) -> None:
        self._id, self._token, self._on_lost = session_id, token, on_lost
        self.seen: set[tuple[Any, ...]] = set()
        self.own_prices: OwnPrices = NONE
        self._held: list[Event] = []
        self._drafts: dict[str, Draft] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None

    def hold(self, *events: Event) -> None:
        """What happened, each once; stored in front of whatever is written next."""
        new = [event for event in events if event.identity not in self.seen]
        self.seen |= {event.identity for event in new}
        self._held += new

    async def emit(self, *events: Event) -> None:
        """The same, and stored when this returns."""
        self.hold(*events)
        if self._held:
            await self.write([], [])

    async def start(self, draft: Draft, note: dict[str, Any], again: bool) -> None:
        """`note`: the call's worst case as plain values and the number of the claim that makes it, for whoever
        finds it without an end."""
        spec = draft.spec
        row = {"phase": spec.phase, "member": spec.member, "data": note, "started_at": timezone.now()}
        data = {"key": spec.key, "timeout_s": spec.timeout_s, "again": again}
        started = Event("call.started", spec.phase, spec.member, data)
        await self.write([started], [CallChange(spec.key, row, create=True)])
        self._drafts[spec.key] = draft

    def say(self, draft: Draft, piece: str) -> None:
        """Takes a piece of text as it comes; it is stored a little later."""
        if not piece:
            return
        draft.text += piece
        draft.fresh += piece
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause_s(), self._tick)

    def _pause_s(self) -> float:
        return max(FLUSH_S, FLUSH_EACH_S * len(self._drafts))

    async def finish(self, draft: Draft, row: dict[str, Any], data: dict[str, Any]) -> None:
        """Stores the outcome: the row and its event in one transaction."""
        spec, kind = draft.spec, "call.done" if row["state"] == "done" else "call.failed"
        elapsed = round(asyncio.get_running_loop().time() - draft.started, 1)
        event = Event(kind, spec.phase, spec.member, {"key": spec.key, "elapsed_s": elapsed, **data})
        ends = CallChange(spec.key, {**row, "finished_at": timezone.now()})
        texts, changes = self._take_texts()
        self._drafts.pop(spec.key, None)
        await self._store([*texts, event], [*changes, ends], {})

    async def write(
        self, events: list[Event], calls: list[CallChange], session: dict[str, Any] | None = None
    ) -> None:
        """Stores these together with what is held and the texts that came before them."""
        texts, changes = self._take_texts()
        await self._store([*texts, *events], [*changes, *calls], session or {})

    async def _store(self, events: list[Event], calls: list[CallChange], session: dict[str, Any]) -> None:
        held, self._held = self._held, []
        begun = [{"phase": event.phase} for event in held if event.type == "phase.started"]
        changed = {**(begun[-1] if begun else {}), **session}
        await SCRIBE.write(Entry(self._id, self._token, [*held, *events], calls, changed))

    def _take_texts(self) -> tuple[list[Event], list[CallChange]]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        events, changes = [], []
        for draft in [d for d in self._drafts.values() if d.fresh]:
            spec, offset = draft.spec, len(draft.text) - len(draft.fresh)
            figures = draft.figures()
            data = {"key": spec.key, "offset": offset, "text": draft.fresh, **shown(figures)}
            events.append(Event("call.text", spec.phase, spec.member, data))
            changes.append(CallChange(spec.key, {"state": "writing", "text": draft.text, **figures}))
            draft.fresh = ""
        return events, changes

    def _tick(self) -> None:
        self._timer = None
        self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        try:
            await self.write([], [])
        except Exception as error:  # nobody waits for this write: the run itself must hear of it
            self._on_lost(error)


def shown(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures of a call as an event carries them."""
    return {**figures, "cost_usd": usd(figures["cost_usd"])}
