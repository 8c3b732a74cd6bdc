"""Plain values of the sandbox."""

from dataclasses import dataclass
from typing import Literal

Killer = Literal["", "cpu", "wall", "output", "disk", "memory", "cancelled", "signal"]
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """`cpu_s` and `memory_bytes` bind each process, and twice `memory_bytes` all of them together. `disk_bytes`
    bounds /work, /tmp and /dev/shm each; `output_bytes` stdout and stderr each."""

    cpu_s: int = 10
    wall_s: float = 30.0
    memory_bytes: int = 512 * MB
    processes: int = 64
    output_bytes: int = 1 * MB
    disk_bytes: int = 64 * MB


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a command. `exit_code` 128 + n after signal n; `killed_by` names the limit that ended it.
    `cut`: there was more output than the limit."""

    exit_code: int
    stdout: str
    stderr: str
    killed_by: Killer
    seconds: float
    cut: bool = False

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.killed_by
