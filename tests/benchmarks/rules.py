"""Speed and memory of the log rules: python -m tests.benchmarks.rules [--megabytes 1000].

Everyday lines of several kinds, with a real failing log of `tests/data/logs` now and then. CPU seconds of this
process are counted, so that busy neighbours don't; targets are in docs/decisions (50 MB/s per core, flat memory).
"""

import argparse
import random
import re
import resource
import time
from collections.abc import Callable, Iterator

from intelligence.rules.analysis import analyse
from intelligence.rules.matcher import ENGINE, matcher
from tests.intelligence.labelled import FAILING

SEED = 7
MEGABYTE = 1_000_000
KINDS = (
    "2026-11-20T10:00:{:02d}.{:03d}Z INFO  [worker-{}] c.a.shop.Orders - order {} done in {} ms, timeout=30s",
    '10.0.{}.{} - - [20/Nov/2026:10:00:00 +0000] "GET /api/items/{}?page={} HTTP/1.1" 200 {}',
    '{{"level":"info","ts":{},"msg":"request completed","path":"/v1/{}","duration":{},"user":{},"n":{}}}',
    "[{}/{}] Building module_{}.cc -> obj/{}/{}.o",
)


def everyday(size: int, draw: random.Random) -> bytes:
    """About `size` bytes of lines that tell of nothing wrong."""
    lines, length = [], 0
    while length < size:
        lines.append(draw.choice(KINDS).format(*(draw.randrange(60) for _ in range(5))))
        length += len(lines[-1]) + 1
    return "\n".join(lines).encode() + b"\n"


def coloured(plain: bytes) -> bytes:
    """As a CI runner on Windows writes it: CRLF, two words of a line in colours."""
    return re.sub(rb"(?m)^\S+|INFO|info|GET|module_\w+", rb"\033[1;32m\g<0>\033[0m", plain).replace(b"\n", b"\r\n")


def chunks(pieces: list[bytes], megabytes: int, *, failing: bool) -> Iterator[bytes]:
    """`megabytes` of log; with a real failing one after every tenth megabyte if asked."""
    draw = random.Random(SEED)
    for at in range(megabytes):
        yield pieces[at % len(pieces)]
        if failing and at % 10 == 9:
            yield draw.choice(FAILING).raw


def measure(
    name: str, megabytes: int, *, failing: bool = False, written: Callable[[bytes], bytes] = bytes
) -> None:
    draw = random.Random(SEED)
    pieces = [written(everyday(MEGABYTE, draw)) for _ in range(8)]
    began = time.process_time()
    answer = analyse(chunks(pieces, megabytes, failing=failing))
    took = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = answer.scanned.bytes / MEGABYTE
    print(
        f"{name:28} {size:6.0f} MB  {size / took:5.0f} MB/s per core  peak {peak} MB  {answer.primary}", flush=True
    )


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--megabytes", type=int, default=1000)
    megabytes = given.parse_args().megabytes
    began = time.process_time()
    matcher()
    print(f"engine {ENGINE}, made in {time.process_time() - began:.1f} s")
    measure("a tenth, everyday", megabytes // 10)
    measure("everyday", megabytes)
    measure("with failures", megabytes, failing=True)
    measure("coloured, CRLF", megabytes // 4, written=coloured)
    measure("coloured, CRLF, with failures", megabytes // 4, failing=True, written=coloured)
    measure("CRLF alone", megabytes // 4, written=lambda text: text.replace(b"\n", b"\r\n"))


if __name__ == "__main__":
    main()
