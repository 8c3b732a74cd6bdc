"""Runs one command that ends when the supervisor does, however that ended.

    python lifeline.py FD -m MODULE ARGS...     a Python module, in this process
    python lifeline.py FD COMMAND ARGS...       any other program, as a child of this process

FD is the read end of a pipe whose write end only the supervisor holds: the system closes it when the
supervisor ends, also after kill -9, on Linux and on macOS. Standard library only, so that it starts quickly.
"""

import contextlib
import ctypes
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

GRACE = 12.0  # seconds between the polite and the hard end; longer than the web process drains


def main(descriptor: int, command: list[str]) -> None:
    os.set_inheritable(descriptor, False)
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    threading.Thread(target=_end_with_supervisor, args=(descriptor,), daemon=True).start()
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.exit(_run_program(command))


def _end_with_supervisor(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.read(descriptor, 1)  # nothing is ever written: this returns when the pipe closes
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def _run_program(command: list[str]) -> int:
    """Starts the program, hands TERM on to it, and ends as it ended."""
    program = subprocess.Popen(command, preexec_fn=_die_with_parent if sys.platform == "linux" else None)
    signal.signal(signal.SIGTERM, lambda *_: program.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = program.wait()
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def _die_with_parent() -> None:
    """On Linux the program also ends when this very process is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
