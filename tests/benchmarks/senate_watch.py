"""Readers of a session's websocket: a thousand good ones, and one that never reads."""

import asyncio
import json
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.benchmarks.senate_site import USERS, SenateSite


@dataclass
class Watched:
    """What the readers of one session saw. `latencies_ms`: from the event's own time to its arrival."""

    session: int
    numbers: list[list[int]] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    expected: int = 0
    connected: int = 0
    refused: int = 0  # handshakes that the server gave up, on a machine that is too busy
    all_in: asyncio.Event = field(default_factory=asyncio.Event)
    peak_mb: float = 0.0
    slow: str = "not connected"

    def joined(self) -> None:
        self.connected += 1
        if self.connected == self.expected:
            self.all_in.set()

    async def sample(self, memory_mb: Callable[[], float]) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, await asyncio.to_thread(memory_mb))
            await asyncio.sleep(1)


async def watch(site: SenateSite, session: int, number: int, found: Watched) -> None:
    await asyncio.sleep(number * 0.01)  # a crowd that comes within seconds, not in one packet
    headers = {"Cookie": f"{site.cookie_name}={site.cookies[number % (USERS - 1)]}"}
    address = f"ws://127.0.0.1:{site.port}/ws/senate/{session}/?after=0"
    mine: list[int] = []
    found.numbers.append(mine)
    while True:
        try:
            reader = await connect(
                address,
                additional_headers=headers,
                origin=f"http://127.0.0.1:{site.port}",
                open_timeout=60,
                compression=None,
            )
            break
        except (websockets.InvalidHandshake, OSError, TimeoutError):  # a browser tries again too
            found.refused += 1
            await asyncio.sleep(random.uniform(1, 3))
    found.joined()
    async with reader:
        await read(reader, mine, found)


async def read(reader: ClientConnection, mine: list[int], found: Watched) -> None:
    try:
        async for message in reader:
            said = json.loads(message)
            if "n" in said:
                mine.append(said["n"])
                late = (datetime.now(UTC) - datetime.fromisoformat(said["at"])).total_seconds()
                found.latencies_ms.append(round(late * 1000, 1))
    except websockets.ConnectionClosed:
        return


async def watch_badly(site: SenateSite, session: int, found: Watched) -> None:
    """Shakes hands and then never reads."""
    raw = socket.create_connection(("127.0.0.1", site.port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.sendall(
        f"GET /ws/senate/{session}/?after=0 HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Origin: http://127.0.0.1:{site.port}\r\nCookie: {site.cookie_name}={site.cookies[-1]}\r\n\r\n".encode()
    )
    found.slow = "connected, never read"
    try:
        await asyncio.Event().wait()
    finally:
        raw.close()
