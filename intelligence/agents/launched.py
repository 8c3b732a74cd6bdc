"""A child process that has the descriptors it was given and no others, under any event loop.

uvloop's own subprocesses keep every inheritable descriptor of this process; the standard library closes them all.
"""

import asyncio
import subprocess
import threading
from collections.abc import Sequence
from typing import BinaryIO


class Launched:
    """`stdout` and `stderr` are streams of the running loop; `pid` is also the number of its process group."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", stdout: asyncio.StreamReader, stderr: asyncio.StreamReader
    ) -> None:
        self._process, self.stdout, self.stderr = process, stdout, stderr
        self.pid = process.pid
        loop = asyncio.get_running_loop()
        self._end: asyncio.Future[int] = loop.create_future()
        threading.Thread(target=self._await_end, args=(loop,), daemon=True).start()

    def _await_end(self, loop: asyncio.AbstractEventLoop) -> None:
        code = self._process.wait()
        try:
            loop.call_soon_threadsafe(lambda: self._end.done() or self._end.set_result(code))
        except RuntimeError:
            return  # the loop is closed: nobody waits

    async def wait(self) -> int:
        """Its exit code; -N where signal N ended it."""
        return await asyncio.shield(self._end)

    async def feed(self, data: bytes) -> None:
        """Writes to its standard input and closes it; a process that ends without reading is no error."""
        await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        try:
            with self._process.stdin as pipe:  # type: ignore[union-attr]  # a pipe, always
                pipe.write(data)
        except (BrokenPipeError, ConnectionResetError):
            return


async def launch(command: Sequence[str], pass_fds: Sequence[int]) -> Launched:
    """Starts it in a session of its own, with an empty environment and / as its folder. Errors: OSError."""
    process = _started(command, pass_fds)
    try:
        return Launched(process, await _stream(process.stdout), await _stream(process.stderr))
    except BaseException:
        process.kill()
        process.wait()
        raise


def _started(command: Sequence[str], pass_fds: Sequence[int]) -> "subprocess.Popen[bytes]":
    """In the loop's thread, a millisecond: bubblewrap ends with the thread that started it."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env={}, cwd="/", pass_fds=pass_fds, start_new_session=True
    )


async def _stream(pipe: BinaryIO | None) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader
