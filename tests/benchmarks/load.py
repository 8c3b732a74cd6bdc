"""A load generator that costs little: so many connections, each asking again as soon as it was answered.

    python -m tests.benchmarks.load URL --keys KEY,KEY --model NAME --connections 50 --seconds 5 [--stream]

Prints one JSON object: asked (all calls), calls (those that count), errors, rps, latencies in ms (p50, p95, p99),
with --stream also the time to the first word (first_p50 ...), and the CPU seconds of the generator itself.
"""

import argparse
import asyncio
import json
import resource
import statistics
import time
from functools import partial
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.words import FIRST_WORD, body

RAMP_S = 1.0  # connections begin one after the other, so that they don't march in step
DRAIN_S = 60.0  # a busy machine
CALLS_S = 1_200.0


class Run:
    """What all connections of one run share."""

    def __init__(self, *, stream: bool, calls: int) -> None:
        self.stream, self.calls_left = stream, calls
        self.until = float("inf")
        self.since = float("inf")  # what was asked before is not counted
        self.took: list[float] = []
        self.first: list[float] = []
        self.errors: list[str] = []
        self.open = self.asked = 0
        self.done = asyncio.Event()

    def may_ask(self, now: float) -> bool:
        if self.calls_left == 0 or now >= self.until:
            return False
        self.calls_left -= 1
        self.asked += 1
        return True


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, run: Run, request: bytes) -> None:
        self._run, self._request = run, request

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._run.open += 1
        self._ask()

    def _ask(self) -> None:
        now = time.perf_counter()
        if not self._run.may_ask(now):
            self._transport.close()
            return
        self._held, self._need, self._asked, self._seen = b"", -1, now, False
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._held += data
        if self._need < 0:
            self._read_head()
        if self._run.stream and not self._seen and FIRST_WORD in self._held:
            self._seen = True
            if self._asked >= self._run.since:
                self._run.first.append(time.perf_counter() - self._asked)
        chunked_end = self._need == 0 and self._held.endswith(b"0\r\n\r\n")
        if chunked_end or (self._need > 0 and len(self._held) >= self._need):
            self._answered()

    def _read_head(self) -> None:
        """`_need`: the length of the whole answer; 0: it comes in chunks."""
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._held[:end].lower()
        at = head.find(b"content-length:")
        self._need = 0 if at < 0 else end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])

    def _answered(self) -> None:
        if not self._held.startswith(b"HTTP/1.1 200") or FIRST_WORD not in self._held:
            self._run.errors.append(self._held[:900].decode("latin-1"))
        elif self._asked >= self._run.since:
            self._run.took.append(time.perf_counter() - self._asked)
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        self._run.open -= 1
        if error is not None:
            self._run.errors.append(str(error))
        if not self._run.open:
            self._run.done.set()


def request_of(url: str, key: str, asked: bytes) -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(asked)}\r\n\r\n"
    )
    return head.encode() + asked


async def run(url: str, keys: str, model: str, connections: int, seconds: float, stream: bool, calls: int) -> Run:
    parts = urlsplit(url)
    asked = body(model, stream=stream)
    requests = cycle([request_of(url, key, asked) for key in keys.split(",")])
    made = Run(stream=stream, calls=calls or -1)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(partial(Client, made, next(requests)), parts.hostname, parts.port)
        await asyncio.sleep(RAMP_S / connections)
    made.since = time.perf_counter()
    if not calls:
        made.until = made.since + seconds
    await asyncio.wait_for(made.done.wait(), seconds + (CALLS_S if calls else DRAIN_S))
    return made


def milliseconds(found: list[float], name: str = "") -> dict[str, float]:
    if len(found) < 2:
        return {}
    cuts = statistics.quantiles(found, n=100)
    return {f"{name}p{at}": round(cuts[at - 1] * 1000, 3) for at in (50, 95, 99)}


def figures(made: Run, seconds: float) -> dict[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "asked": made.asked,
        "calls": len(made.took),
        "errors": len(made.errors),
        "first_error": made.errors[0] if made.errors else "",
        "rps": round(len(made.took) / seconds, 1),
        **milliseconds(made.took),
        **milliseconds(made.first, "first_"),
        "own_cpu_s": round(used.ru_utime + used.ru_stime, 3),
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("--keys", default="sk-bench", help="the connections take them in turns")
    options.add_argument("--model", required=True)
    options.add_argument("--connections", type=int, default=50)
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--calls", type=int, default=0, help="stop after so many calls")
    options.add_argument("--stream", action="store_true")
    of = options.parse_args()
    begun = time.perf_counter()
    made = asyncio.run(run(of.url, of.keys, of.model, of.connections, of.seconds, of.stream, of.calls))
    took = time.perf_counter() - begun if of.calls else of.seconds
    print(json.dumps(figures(made, took)))


if __name__ == "__main__":
    main()
