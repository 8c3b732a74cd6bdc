"""Daphne's request, which takes in no body that nobody may send.

As it is, Daphne reads any body to its end, on disk, before the application is called. Here a stated length over
the limit is refused with the last header, and a body without one as soon as it passes the limit. Where somebody
may send more, the connection is not read until it is known who asks.
"""

import asyncio
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest

from aiops_site.web import body_limit, early
from aiops_site.web.body_limit import Refusal

LINGER_S = 5  # so long the rest is thrown away unread: closing at once would take the answer from the client


class BoundedRequest(WebRequest):
    """`_refused`: answered already; whatever else comes on this connection goes nowhere. `_inside`: one of the few
    large bodies that are let in at a time."""

    bounded = True
    _taken, _most, _refused, _inside = 0, body_limit.MOST, False, False
    _asking: asyncio.Future[None] | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        # Django reads forms; Twisted would read them as well, and parse each content type as if it were a mail's.
        super().__init__(*args, parsePOSTFormSubmission=False, **more)

    def gotLength(self, length: int | None) -> None:
        large = length is not None and length > self._most
        super().gotLength(0 if large else length)
        if not large:
            return
        awaited = self.requestHeaders.hasHeader(b"expect")
        self.requestHeaders.removeHeader(b"expect")  # nobody is told to go on before it is known who asks
        self.channel.paused = True
        self.channel._networkProducer.pauseProducing()
        self._asking = asyncio.ensure_future(self._ask(length, awaited))

    async def _ask(self, length: int, awaited: bool) -> None:
        raw = self.requestHeaders.getAllRawHeaders()
        headers = [(name.lower(), value) for name, values in raw for value in values]
        refusal = await body_limit.admit(self._where(), length, headers)
        self._inside = refusal is None
        if self.channel is None:  # gone meanwhile
            self._leave()
            return
        if refusal:
            self._refuse(refusal)
        else:
            self._most = length
            super().gotLength(length)
        self._read_on(awaited and not refusal)

    def _read_on(self, awaited: bool) -> None:
        channel = self.channel
        channel.paused = False
        channel._networkProducer.resumeProducing()
        if awaited:
            channel._send100Continue()
        channel.dataReceived(b"")  # what had come with the headers

    def handleContentChunk(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken <= self._most and not self._refused:
            super().handleContentChunk(data)
        elif not self._refused:
            self._refuse(body_limit.UNSTATED)

    def _where(self) -> str:
        return self.channel._path.decode("latin-1").partition("?")[0]

    def process(self) -> Any:
        return None if self._refused else super().process()

    def finish(self) -> None:
        self._leave()
        super().finish()

    def connectionLost(self, reason: Any) -> None:
        self._leave()
        super().connectionLost(reason)

    def _leave(self) -> None:
        if self._inside:
            self._inside = False
            body_limit.leave()

    def _refuse(self, why: Refusal) -> None:
        self._refused = True
        kind, body = early.shaped(self._where(), why.sentence, why.type, why.code)
        head = f"HTTP/1.1 {why.status} {why.phrase}\r\nContent-Length: {len(body)}\r\n".encode()
        for name, value in ((b"Content-Type", kind), (b"Cache-Control", b"no-store"), *why.headers):
            head += name + b": " + value + b"\r\n"
        self.channel.transport.write(head + b"Connection: close\r\n\r\n" + body)
        self.channel.dataReceived = lambda data: None
        self.channel.setTimeout(LINGER_S)


class BoundedFactory(HTTPFactory):
    def log(self, request: Any) -> None:
        """Nothing: who wants an access log has it from the proxy."""

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol
