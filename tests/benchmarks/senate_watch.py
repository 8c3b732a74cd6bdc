"""Readers of a session's websocket, as lean as they can be, in a process of their own.

    python -m tests.benchmarks.senate_watch PORT SESSION SOCKETS COOKIE_NAME [--render] < cookies

Says `all in` when every socket is open, and prints what they saw as JSON when the session has closed them all.
"""

import argparse
import asyncio
import json
import random
import resource
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime

APART_S = 0.01  # a crowd that comes within seconds, not in one packet
CLOSE, PING, PONG = 0x88, 0x89, 0x8A


@dataclass
class Watched:
    """What the readers of one session saw. `latencies_ms`: from the event's own time to its arrival.
    `whole`: sockets that got every event from 1 to `last` once and in order."""

    latencies_ms: list[float] = field(default_factory=list)
    last: int = 0
    whole: int = 0
    messages: int = 0
    bytes: int = 0
    tried_again: int = 0  # handshakes that the server refused or gave up
    first_refusal: str = ""
    opened_in_s: float = 0.0
    own_cpu_s: float = 0.0


class Texts:
    """Events by the bytes they came as: a thousand sockets get the same ones, and each is parsed once."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, float]] = {}

    def event(self, payload: bytes) -> tuple[int, float]:
        """(n, its time in seconds); n is 0 for what is no event."""
        if (known := self._known.get(payload)) is None:
            said = json.loads(payload)
            at = datetime.fromisoformat(said["at"]).timestamp() if "n" in said else 0.0
            known = self._known[payload] = (said.get("n", 0), at)
        return known


class Reader(asyncio.Protocol):
    def __init__(self, hello: bytes, texts: Texts, found: Watched) -> None:
        self._hello, self._texts, self._found = hello, texts, found
        self._held, self._in, self._since = b"", False, 0.0
        self.numbers: list[int] = []
        self.opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(self._hello)

    def connection_lost(self, error: Exception | None) -> None:
        for waits, value in ((self.opened, f"closed: {error}"), (self.closed, None)):
            if not waits.done():
                waits.set_result(value)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._held += data
        self._found.bytes += len(data)
        if not self._in and not self._open():
            return
        at, held = 0, self._held
        while (frame := _frame(held, at)) is not None:
            kind, start, at = frame
            self._take(kind, held[start:at], now)
        self._held = held[at:]

    def _open(self) -> bool:
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = self._held.partition(b"\r\n")[0].decode()
        self._in, self._held = " 101 " in status, self._held[end + 4 :]
        self._since = time.time()
        if not self.opened.done():
            self.opened.set_result("" if self._in else status)
        return self._in

    def _take(self, kind: int, payload: bytes, now: float) -> None:
        if kind == PING:
            self._transport.write(bytes((PONG, 0x80 | len(payload))) + b"\0\0\0\0" + payload)
        elif kind == CLOSE:
            self._transport.write(bytes((CLOSE, 0x80)) + b"\0\0\0\0")
            self._transport.close()
        else:
            n, at = self._texts.event(payload)
            self._found.messages += 1
            if n:
                self.numbers.append(n)
                if at >= self._since:  # what happened before it came is no news
                    self._found.latencies_ms.append((now - at) * 1000)


def _frame(held: bytes, at: int) -> tuple[int, int, int] | None:
    """(first byte, start and end of the payload) of the frame at `at`; None where it is not whole yet."""
    if len(held) < at + 2:
        return None
    size, start = held[at + 1] & 0x7F, at + 2
    if size > 125:
        more = 2 if size == 126 else 8
        size, start = int.from_bytes(held[start : start + more], "big"), start + more
    return (held[at], start, start + size) if len(held) >= start + size else None


async def watch(port: int, hello: bytes, texts: Texts, found: Watched) -> Reader:
    """An open socket; one that is refused tries again, as a browser does."""
    while True:
        made = Reader(hello, texts, found)
        try:
            await asyncio.get_running_loop().create_connection(lambda made=made: made, "127.0.0.1", port)
            if not (refusal := await made.opened):
                return made
        except OSError as error:
            refusal = repr(error)
        found.tried_again += 1
        found.first_refusal = found.first_refusal or refusal
        await asyncio.sleep(random.uniform(1, 3))


async def main(of: argparse.Namespace, cookies: list[str]) -> Watched:
    found, texts, begun = Watched(), Texts(), time.monotonic()
    tasks = []
    for number in range(of.sockets):
        hello = handshake(of.port, of.session, f"{of.cookie}={cookies[number % len(cookies)]}", of.render)
        tasks.append(asyncio.create_task(watch(of.port, hello, texts, found)))
        await asyncio.sleep(APART_S)
    readers = await asyncio.gather(*tasks)
    found.opened_in_s = round(time.monotonic() - begun, 1)
    print("all in", flush=True)
    await asyncio.wait([reader.closed for reader in readers])
    found.last = max(max(reader.numbers, default=0) for reader in readers)
    found.whole = sum(reader.numbers == list(range(1, found.last + 1)) for reader in readers)
    used = resource.getrusage(resource.RUSAGE_SELF)
    found.own_cpu_s = round(used.ru_utime + used.ru_stime, 1)
    return found


def handshake(port: int, session: int, cookie: str, render: bool = False) -> bytes:
    return (
        f"GET /ws/senate/{session}/?after=0{'&render=1' if render else ''} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


class Deaf:
    """Shakes hands and then never reads."""

    def __init__(self, port: int, hello: bytes) -> None:
        self._raw = socket.socket()
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._raw.connect(("127.0.0.1", port))
        self._raw.sendall(hello)

    def close(self) -> None:
        self._raw.close()


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    for name in ("port", "session", "sockets"):
        given.add_argument(name, type=int)
    given.add_argument("cookie")
    given.add_argument("--render", action="store_true")
    print(json.dumps(asdict(asyncio.run(main(given.parse_args(), sys.stdin.read().split())))))
