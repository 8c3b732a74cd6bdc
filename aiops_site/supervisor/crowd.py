"""Daphne for a crowd: a message to many sockets is framed once and written at once, a reader that is too slow
makes its writer wait, and a thousand who come together are let in one by one instead of being cut off.
"""

import asyncio
from functools import lru_cache
from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

BACKLOG = 1024  # connections that wait to be accepted; Linux takes the smaller of this and net.core.somaxconn
MOST_HELD = 1 << 16
HANDSHAKE_S = 20.0  # from the connection to the open socket; as long as Daphne gives the application
PARTING_S = 20.0  # a reader has this long to take what was written before the end (autobahn: 1 s)


class Socket(WebSocketProtocol):
    """`room` is set while the reader keeps up: what waits for it in this process is under 64 kB.

    Frames of one turn of the loop leave together. Twisted would first ask the loop to tell when the socket can be
    written, for each socket and message anew; it nearly always can, so that is asked only where it could not.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.room = asyncio.Event()
        self.room.set()
        self._out: list[bytes] = []
        self._size = 0

    def onOpen(self) -> None:
        self.transport.unregisterProducer()  # that was the HTTP channel, which has handed the connection over
        self.transport.registerProducer(self, True)
        super().onOpen()

    @property
    def plain(self) -> bool:
        """Whether frames go out as they are: open, nothing compressed, nothing queued by autobahn."""
        return self.state == self.STATE_OPEN and self._perMessageCompress is None and not self.send_queue

    def say(self, text: str) -> None:
        """A text frame; only while `plain`."""
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        frame = framed(text)
        self._out.append(frame)
        self._size += len(frame)
        if self._size > MOST_HELD:  # a writer that never lets the loop turn would else fill the memory
            self._flush()

    def _flush(self) -> None:
        data, self._out, self._size = b"".join(self._out), [], 0
        transport = self.transport
        if data and not (transport.dataBuffer or transport._tempDataBuffer or transport.disconnected):
            sent = transport.writeSomeData(data)
            if isinstance(sent, int):
                data = data[sent:]
        if data:  # the rest, or all: Twisted writes it when it can, and hears there of a connection that is lost
            transport.write(data)

    def sendClose(self, *args: Any, **kwargs: Any) -> None:
        self._flush()
        super().sendClose(*args, **kwargs)

    def pauseProducing(self) -> None:
        self.room.clear()

    def resumeProducing(self) -> None:
        self.room.set()

    def stopProducing(self) -> None:
        self.room.set()  # the connection is gone: nobody waits for it


class CrowdServer(Server):
    """Daphne's server; `await send(…)` of a websocket returns when its reader has room for more."""

    def __init__(self, application: Any, endpoints: list[str], **options: Any) -> None:
        waiting = [f"{one}:backlog={BACKLOG}" if one.startswith("tcp:") else one for one in endpoints]
        options |= {"websocket_handshake_timeout": HANDSHAKE_S, "ready_callable": self._seat}
        super().__init__(application, waiting, **options)

    def _seat(self) -> None:
        self.ws_factory.protocol = Socket
        self.ws_factory.setProtocolOptions(closeHandshakeTimeout=PARTING_S)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        scope["aiops.bounded"] = getattr(protocol, "bounded", False)  # see body_limit.HELD
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] != "websocket.send":
            await super().handle_reply(protocol, message)
            return
        if "text" in message and protocol.plain:
            protocol.say(message["text"])
        else:
            await super().handle_reply(protocol, message)
        if not protocol.room.is_set():
            await protocol.room.wait()


@lru_cache(maxsize=64)
def framed(text: str) -> bytes:
    """One unmasked, final text frame (RFC 6455, 5.2). The same text goes to every socket of a session."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 1 << 16:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload
