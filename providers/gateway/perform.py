"""The wire call itself: within its time, and with keys masked in what it streams."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from providers.exceptions import AIServiceError, UpstreamBroken, UpstreamTimeout
from providers.gateway.prepare import Prepared
from providers.guard import Redactor
from providers.types import Meter, Prompt, Reply, ToolDelta
from providers.wires import wire_for

logger = logging.getLogger(__name__)


async def perform(prompt: Prompt, prepared: Prepared, meter: Meter, *, keep_raw: bool = False) -> Reply:
    """The wire, within its time; with `keep_raw` the reply has the upstream's JSON. Errors: UpstreamError's."""
    name = prepared.connection.provider
    try:
        wire = wire_for(prepared.connection)
        if wire.keeps_time:
            reply = await wire.achat(prompt, meter)
        else:
            async with asyncio.timeout(prepared.timeout_s):
                reply = await wire.achat(prompt, meter)
        return replace(reply, raw=wire.last_answer) if keep_raw and wire.last_answer else reply
    except TimeoutError as error:
        sentence = f"Provider {name} failed: no answer within {prepared.timeout_s:g} s. The call was cancelled."
        raise UpstreamTimeout(sentence, provider=name) from error
    except AIServiceError:
        raise
    except Exception as error:  # a wire that met something it doesn't know: booked like any broken answer
        logger.exception("wire of %s met something unknown", name)
        raise UpstreamBroken(f"Provider {name} failed: its answer could not be read.", provider=name) from error


def masked(on_text: Callable[[str], None], redactor: Redactor) -> Callable[[str], None]:
    def show(piece: str) -> None:
        if safe := redactor.feed(piece):
            on_text(safe)

    return show


class MaskedCalls:
    """The same for the pieces of tool calls: each call is a text of its own."""

    def __init__(self, on_call: Callable[[ToolDelta], None], redactor: Redactor) -> None:
        self._on_call, self._redactor = on_call, redactor
        self._index, self._own = -1, redactor

    def show(self, delta: ToolDelta) -> None:
        if delta.index != self._index:  # calls come one after the other
            self.flush()
            self._index, self._own = delta.index, self._redactor.fork()
        safe = self._own.feed(delta.arguments)
        if delta.name or safe:
            self._on_call(replace(delta, name=self._redactor.whole(delta.name), arguments=safe))

    def flush(self) -> None:
        if self._index >= 0 and (rest := self._own.flush()):
            self._on_call(ToolDelta(self._index, arguments=rest))
