"""Daphne for a crowd: a message to many sockets is framed once, a reader that is too slow makes its writer wait,
and a thousand who come at once are let in one after the other instead of being cut off after five seconds.
"""

import asyncio
from functools import lru_cache
from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

BACKLOG = 1024  # connections that wait to be accepted; Linux takes the smaller of this and net.core.somaxconn
HANDSHAKE_S = 20.0  # from the connection to the open socket; as long as Daphne gives the application


class Socket(WebSocketProtocol):
    """`room` is set while the reader keeps up: what waits for it in this process is under 64 kB."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.room = asyncio.Event()
        self.room.set()

    def onOpen(self) -> None:
        self.transport.unregisterProducer()  # that was the HTTP channel, which has handed the connection over
        self.transport.registerProducer(self, True)
        super().onOpen()

    def serverSend(self, content: Any, binary: bool = False) -> None:
        if binary or self.state != self.STATE_OPEN or self._perMessageCompress is not None or self.send_queue:
            super().serverSend(content, binary)
        else:
            self.transport.write(framed(content))

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

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.send" and not protocol.room.is_set():
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
