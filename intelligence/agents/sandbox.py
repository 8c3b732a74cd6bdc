"""Commands of strangers, run behind bubblewrap: own namespaces, no network, empty environment, hard limits.

    run = await Sandbox().run(["python3", "-c", code])
    run.exit_code, run.stdout, run.killed_by

The command sees /usr read-only, a sized /tmp and /work, and what was bound for it. It runs as a uid of its own
where the console is root, else as the console's user; never as root, never without bubblewrap: where that can't
be had, `confinement().missing` says why and `run` refuses.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from intelligence.agents import memory
from intelligence.agents.confine import Confinement, confinement
from intelligence.agents.launched import Launched, launch
from intelligence.agents.sandbox_types import Limits, Run
from providers.exceptions import NotConfigured

__all__ = ["Limits", "Run", "Sandbox"]
READ = 65_536
LOOK_S = 0.25  # between two looks at the disk, and at whether it shall stop
GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How a command is held. `work`: a host folder bound at /work, else a sized tmpfs. `read_only`: host folder ->
    place inside. `network`: the host's, with its resolver; only a build that its service allows it. `sockets`: a
    Unix socket of the host -> place inside, its folder given to the sandbox (`confine.give`). `texts`: place
    inside -> content of a read-only file, which is on no command line and in no folder of the host."""

    limits: Limits = field(default_factory=Limits)
    work: Path | None = None
    read_only: Mapping[Path, str] = field(default_factory=dict)
    network: bool = False
    sockets: Mapping[Path, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    async def run(
        self,
        command: Sequence[str],
        *,
        stdin: bytes = b"",
        on_output: Callable[[bytes], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Run:
        """Runs to its end or to a limit; the whole process tree is gone afterwards, also when cancelled.

        stdout and stderr are kept apart and each cut at the output limit; `on_output` gets both as they come.
        Errors: NotConfigured where no sandbox can be had.
        """
        held = confinement()
        if held.missing:
            raise NotConfigured(f"Code can't be run here: {held.missing}", code="sandbox_off")
        with self._launch(held, command) as (arguments, descriptors):
            started = time.monotonic()
            process = await launch(arguments, descriptors)
        watch = _Watch(process, self.limits, self.work, on_output, should_stop or (lambda: False))
        try:
            return await watch.until_end(stdin, started)
        finally:
            await watch.gone()

    @contextmanager
    def _launch(self, held: Confinement, command: Sequence[str]) -> Iterator[tuple[list[str], tuple[int, ...]]]:
        """The whole command line, and the descriptors that bubblewrap reads and closes: the seccomp program and
        the texts."""
        with ExitStack() as stack:
            program = _in_memory(stack, held.seccomp)
            texts = {place: _in_memory(stack, content) for place, content in self.texts.items()}
            yield held.arguments(self, program, texts, command), (program, *texts.values())


def _in_memory(stack: ExitStack, content: bytes) -> int:
    """A descriptor that holds the content, until the stack ends."""
    descriptor = os.memfd_create("sandbox")
    stack.callback(os.close, descriptor)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class _Watch:
    """Reads what a process says and ends it at a limit."""

    def __init__(
        self,
        process: Launched,
        limits: Limits,
        work: Path | None,
        on_output: Callable[[bytes], None] | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self.process, self.limits, self.work = process, limits, work
        self.on_output, self.should_stop = on_output, should_stop
        self.kept: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self.seen, self.killed_by = 0, ""

    async def until_end(self, stdin: bytes, started: float) -> Run:
        streams = {"stdout": self.process.stdout, "stderr": self.process.stderr}
        work = [asyncio.create_task(self._read(name, stream)) for name, stream in streams.items()]
        work.append(asyncio.create_task(self.process.feed(stdin)))
        look = asyncio.create_task(self._look(started))
        try:
            code = await self.process.wait()
            self.kill_all()  # a child that left the process group dies with the pid namespace
            async with asyncio.timeout(GRACE_S):
                await asyncio.gather(*work)
        except TimeoutError:
            self.killed_by = self.killed_by or "output"
        finally:
            for task in (*work, look):
                task.cancel()
            await asyncio.gather(*work, look, return_exceptions=True)
        return self._result(code, time.monotonic() - started)

    def _result(self, code: int, seconds: float) -> Run:
        if not self.killed_by and code in (128 + signal.SIGXCPU, 128 + signal.SIGKILL, -signal.SIGKILL):
            self.killed_by = "cpu" if code == 128 + signal.SIGXCPU or seconds >= self.limits.cpu_s else "signal"
        if not self.killed_by and code == 128 + signal.SIGXFSZ:
            self.killed_by = "disk"
        cut = self.seen > sum(len(kept) for kept in self.kept.values())
        stdout, stderr = (bytes(self.kept[name]).decode("utf-8", "replace") for name in ("stdout", "stderr"))
        return Run(code, stdout, stderr, self.killed_by, round(seconds, 3), cut)

    async def _read(self, name: str, stream: asyncio.StreamReader) -> None:
        kept = self.kept[name]
        while piece := await stream.read(READ):
            self.seen += len(piece)
            room = self.limits.output_bytes - len(kept)
            if room > 0:
                kept += piece[:room]
                if self.on_output:
                    self.on_output(piece[:room])
            if len(piece) > room:
                self._stop("output")  # and read on: the pipe must come to its end

    async def _look(self, started: float) -> None:
        """Ends it at the wall clock, where all its processes together hold too much memory, at the disk limit of a
        bound folder, and when somebody wants it to stop."""
        while True:
            left = started + self.limits.wall_s - time.monotonic()
            await asyncio.sleep(max(0.0, min(LOOK_S, left)))
            if left <= LOOK_S and time.monotonic() >= started + self.limits.wall_s:
                return self._stop("wall")
            if await asyncio.to_thread(self.should_stop):
                return self._stop("cancelled")
            if await asyncio.to_thread(memory.used, self.process.pid) > 2 * self.limits.memory_bytes:
                return self._stop("memory")
            if self.work and await asyncio.to_thread(used, self.work) > self.limits.disk_bytes:
                return self._stop("disk")

    def _stop(self, why: str) -> None:
        self.killed_by = self.killed_by or why
        self.kill_all()

    async def gone(self) -> None:
        """Nothing of it is left: killed, its pipes read to their end, its end taken note of."""
        self.kill_all()
        for stream in (self.process.stdout, self.process.stderr):
            while await stream.read(READ):
                pass
        await self.process.wait()

    def kill_all(self) -> None:
        """bwrap dies, and with the first process of its pid namespace every other in it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def used(folder: Path) -> int:
    """Bytes that a tree takes on disk."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_blocks * 512
            except OSError:
                continue  # gone between listing and looking
    return total
