"""One run of the load generator against one gateway, with what it cost the gateway."""

import json
import subprocess
import sys
import time
from typing import Any

from tests.benchmarks.gateways import ROOT, Gateway


def load(
    gateway: Gateway, connections: int, *, seconds: float = 0, calls: int = 0, stream: bool = False
) -> dict[str, Any]:
    """The generator's figures, and `cpu_ms`: CPU of the measured process for each call, in ms; `beside_ms` of what
    runs beside it; `memory_mb` at the end."""
    command = [sys.executable, "-m", "tests.benchmarks.load", gateway.url, "--keys", gateway.keys]
    command += ["--model", gateway.model, "--connections", str(connections), "--seconds", str(seconds)]
    command += ["--calls", str(calls)] if calls else []
    command += ["--stream"] if stream else []
    before, beside = gateway.process.cpu_s(), sum(one.cpu_s() for one in gateway.beside)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The load on {gateway.name} failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    asked = max(1, found["asked"])
    found["cpu_ms"] = round((gateway.process.cpu_s() - before) / asked * 1000, 3)
    found["beside_ms"] = round((sum(one.cpu_s() for one in gateway.beside) - beside) / asked * 1000, 3)
    found["generator_ms"] = round(found.pop("own_cpu_s") / asked * 1000, 3)
    found["memory_mb"] = gateway.process.memory_mb()
    if found["errors"]:
        print(f"  {gateway.name}: {found['errors']} errors, the first: {found['first_error']}", flush=True)
    return found


def reference_ms() -> float:
    """CPU that one and the same piece of Python costs now: how slow this machine is at the moment."""
    before = time.thread_time()
    for number in range(3_000):
        given = json.loads(json.dumps({"a": number, "b": [1, 2, 3], "c": "x" * 50}))
        "".join(str(name) for name in given)
    return round((time.thread_time() - before) * 1000, 1)


def median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
