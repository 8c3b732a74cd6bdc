"""What every wire is: the base class, and the calling, timing and fault handling that all wires over HTTP
share. A wire speaks one protocol; which provider it speaks to is in its `Connection`.
"""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from decimal import Decimal
from typing import Any, TypeVar

import aiohttp

from providers.exceptions import AIServiceError, InvalidInput, KeyRefused, UpstreamBroken, UpstreamTimeout
from providers.guard import mended
from providers.network.outbound import upstream
from providers.network.transport import CONNECT_SECONDS, FAULTS, Answer
from providers.runtime import loop
from providers.types import Connection, Meter, ModelInfo, Prompt, Reply
from providers.wires import faults, sse

T = TypeVar("T")

DRAIN_SECONDS = 0.25


class AIProvider(ABC):
    """One connection to one upstream, for one call. `last_answer`: the JSON of an answer that came whole.
    `keeps_time`: `achat` itself ends within the connection's time."""

    last_answer: dict[str, Any] = {}
    keeps_time = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @abstractmethod
    async def achat(self, prompt: Prompt, meter: Meter) -> Reply:
        """Asks once, without retry; raises an `UpstreamError`.

        Streams exactly when `meter.streaming`. The meter is filled as facts become known (`sent`, `model`,
        `upstream_id`, `usage`, text), so that a call that breaks or is cancelled can still be billed.
        Cancelling the task closes the connection upstream.
        """

    @abstractmethod
    async def list_models(self) -> list[ModelInfo]:
        """The models that this key may use. Costs nothing, so it is also the test of a key;
        raises an `UpstreamError`."""

    def chat(self, prompt: Prompt) -> Reply:
        """`achat` for callers that are not async, on the process's loop."""
        return loop.run(self.achat(prompt, Meter()))


class HttpWire(AIProvider):
    """A wire over HTTP. It calls with the guarded transport itself."""

    keeps_time = True

    @abstractmethod
    def _headers(self) -> dict[str, Any]:
        """The headers of each request, the key's among them."""

    def _base_url(self) -> str:
        return self.connection.base_url

    async def _call(self, exchange: Coroutine[Any, Any, T], meter: Meter | None = None) -> T:
        """Awaits the exchange within the connection's time; raises only errors of our tree.

        They are raised outside the `except` blocks: the client's exceptions carry the request with its key
        and the upstream's words, and must not hang on ours as a cause that a log prints.
        """
        name, seconds = f"Provider {self.connection.provider} failed:", self.connection.timeout_s
        try:
            self._check_key()
            async with asyncio.timeout(seconds):
                return await exchange
        except aiohttp.ServerTimeoutError as fault:  # a TimeoutError too, but of the connecting
            failure: AIServiceError = self._translate(fault, meter)
        except TimeoutError:
            failure = UpstreamTimeout(
                f"{name} no whole answer within {seconds:g} seconds.", provider=self.connection.provider
            )
        except UnicodeEncodeError:
            failure = InvalidInput("The text holds broken characters (half of a surrogate pair).")
            if meter is not None:
                meter.sent = False
        except (AIServiceError, *FAULTS) as fault:
            failure = self._translate(fault, meter)
        finally:
            exchange.close()
        raise failure

    def _translate(self, fault: Exception, meter: Meter | None) -> AIServiceError:
        failure, sent = faults.connection_fault(self.connection.provider, fault)
        if meter is not None and not sent:
            meter.sent = False
        return failure

    def _status_fault(self, answer: Answer) -> AIServiceError:
        own = self.connection
        return faults.status_fault(
            own.provider, own.key, answer.status_code, answer.headers, answer.text, time.time()
        )

    def _check_key(self) -> None:
        key = self.connection.key
        if key and (not key.isascii() or not key.isprintable() or " " in key):
            raise KeyRefused(
                f"Provider {self.connection.provider} failed: its saved key holds spaces or characters that "
                "no key has. Save it again.",
                provider=self.connection.provider,
            )

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: dict[str, Any] | None, meter: Meter | None = None
    ) -> AsyncIterator[Answer]:
        """An answer that is a success, its body still to be read; leaving closes it. The whole exchange has its
        own clock (`_call`); the client only limits the connecting."""
        base = self._base_url()
        up, connect_s = upstream(base), min(CONNECT_SECONDS, self.connection.timeout_s)
        if meter is not None:
            meter.sent = True
        headers = self._headers()
        answer = await up.send(method, base + path, headers=headers, json_body=body, connect_s=connect_s)
        try:
            if not answer.is_success:
                await answer.read()
                raise self._status_fault(answer)
            yield answer
        finally:
            answer.close()

    async def _post(self, path: str, body: dict[str, Any], meter: Meter | None = None) -> Answer:
        """The whole answer of a POST."""
        async with self._asked("POST", path, body, meter) as answer:
            await answer.read()
        return answer

    def _post_stream(self, path: str, body: dict[str, Any], meter: Meter) -> AbstractAsyncContextManager[Answer]:
        """The answer of a POST with its body still to be read; leaving closes the connection."""
        return self._asked("POST", path, body, meter)

    async def _get(self, path: str) -> dict[str, Any]:
        """The JSON object that a GET answers."""
        async with self._asked("GET", path, None) as answer:
            await answer.read()
        return self._json(answer)

    async def read(self, path: str) -> dict[str, Any]:
        """The JSON object of a GET beside chatting, such as a balance; raises an `UpstreamError`."""
        return await self._call(self._get(path))

    async def _events(self, answer: Answer) -> AsyncIterator[tuple[str, str]]:
        """The server-sent events of an answer, as `(event name, data)`."""
        reader = sse.EventReader()
        async for chunk in answer.chunks():
            for event in reader.feed(chunk):
                yield event
        for event in reader.end():
            yield event

    def _json(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of an answer; raises `UpstreamBroken` for anything else under a status 200."""
        text = answer.text
        if not text.strip():
            raise self._broken("its answer is empty")
        if "<" in text[:200] and not text.lstrip().startswith(("{", "[")):
            raise self._broken("it answered with a web page, not with JSON. Check the base URL")
        self.last_answer = self._object(text)
        return self.last_answer

    def _object(self, text: str) -> dict[str, Any]:
        """A JSON object with exact decimals; NaN, Infinity and absurd nesting count as broken."""
        try:
            found = _JSON.decode(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._broken("its answer is not the JSON that it should be")
        return found

    def _broken(self, what: str) -> UpstreamBroken:
        provider = self.connection.provider
        return UpstreamBroken(f"Provider {provider} failed: {what}.", provider=provider, upstream_status=200)

    def _refused(self, event: Any) -> AIServiceError:
        """The error for an error under a status 200."""
        return faults.stream_fault(self.connection.provider, self.connection.key, event)


class ChatWire(HttpWire):
    """A wire to a model that chats."""

    @abstractmethod
    async def _whole(self, prompt: Prompt, meter: Meter) -> Reply:
        """The answer in one piece."""

    @abstractmethod
    async def _stream(self, prompt: Prompt, meter: Meter) -> Reply:
        """The answer as it is written."""

    def _finished(self, meter: Meter, finish: str) -> Reply:
        """The answer that the meter holds: text, calls, or both."""
        calls = meter.tool_calls
        if not calls and not meter.text.strip():
            raise self._broken(f"its answer holds no text (finish reason: {finish})")
        if calls and finish == "stop":  # not every upstream has a word of its own for it
            finish = "tool_calls"
        elif finish == "tool_calls" and not calls:  # it asked for tools that nobody offered
            finish = "stop"
        return Reply(meter.text, meter.model, finish, meter.usage, meter.upstream_id, tool_calls=calls)

    async def achat(self, prompt: Prompt, meter: Meter) -> Reply:
        meter.takes_calls = bool(prompt.tools)
        exchange = self._stream(prompt, meter) if meter.streaming else self._whole(prompt, meter)
        return await self._call(exchange, meter)


async def drain(events: AsyncIterator[tuple[str, str]]) -> None:
    """Reads what is left after the answer's last event, so that the connection can serve again. An
    upstream that keeps it open, or breaks it now, has given its answer all the same."""
    with suppress(TimeoutError, *FAULTS):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in events:
                continue


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or a list of parts of which the texts count."""
    if isinstance(content, list):
        return "".join(text_of(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def words(value: Any, limit: int = 200) -> str:
    """A short text field of an answer, else an empty string."""
    return mended(value[:limit]) if isinstance(value, str) else ""


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


_JSON = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
