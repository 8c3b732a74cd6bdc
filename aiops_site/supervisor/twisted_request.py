"""Daphne's request, which takes in no body that nobody may send.

As it is, Daphne reads any body to its end, on disk, before the application is called. Here a stated length over
the limit is refused with the last header, and a body without one as soon as it passes the limit.
"""

from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest

from aiops_site import body_limit, early

LINGER_S = 5  # so long the rest is thrown away unread: closing at once would take the answer from the client


class BoundedRequest(WebRequest):
    """`_refused`: answered already; whatever else comes on this connection goes nowhere."""

    _taken, _refused = 0, False

    def __init__(self, *args: Any, **more: Any) -> None:
        # Django reads forms; Twisted would read them as well, and parse each content type as if it were a mail's.
        super().__init__(*args, parsePOSTFormSubmission=False, **more)

    def gotLength(self, length: int | None) -> None:
        too_long = (length or 0) > self._most()
        super().gotLength(0 if too_long else length)
        if too_long:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken <= self._most() and not self._refused:
            super().handleContentChunk(data)
        elif not self._refused:
            self._refuse()

    def _most(self) -> int:
        known = any(self.requestHeaders.hasHeader(name) for name in ("cookie", "authorization"))
        return body_limit.most(self.channel._path.decode("latin-1").partition("?")[0], known)

    def process(self) -> Any:
        return None if self._refused else super().process()

    def _refuse(self) -> None:
        self._refused = True
        self.requestHeaders.removeHeader(b"expect")  # nobody is told to go on
        path = self.channel._path.decode("latin-1")
        kind, body = early.shaped(path, body_limit.SENTENCE, body_limit.TYPE, body_limit.CODE)
        head = f"HTTP/1.1 {body_limit.STATUS} Content Too Large\r\nContent-Length: {len(body)}\r\n".encode()
        head += b"Content-Type: " + kind + b"\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        self.channel.transport.write(head + body)
        self.channel.dataReceived = lambda data: None
        self.channel.setTimeout(LINGER_S)


class BoundedFactory(HTTPFactory):
    def log(self, request: Any) -> None:
        """Nothing: who wants an access log has it from the proxy."""

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol
