"""Whether the sandbox holds on this machine: what it must stop is tried in it, and what it must allow.

Each check says what it tried. Where there is no sandbox, the first line says why and nothing else is tried.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from intelligence.agents.confine import confinement
from intelligence.agents.sandbox import Limits, Sandbox
from intelligence.agents.sandbox_types import MB, Run

SMALL = Limits(cpu_s=2, wall_s=6.0, memory_bytes=256 * MB, processes=32, output_bytes=20_000, disk_bytes=8 * MB)
NAMES = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "PWD", "LC_CTYPE", "LC_ALL"})  # a program's own variables
VARIABLES = (
    "import glob\nfor place in glob.glob('/proc/[0-9]*/environ'):\n"
    "  print(*[one.split('=')[0] for one in open(place).read().split('\\0') if one])"
)
CONNECT = "import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
FORKS = (
    "import os, time\nn = 0\n"
    "try:\n  while n < 200:\n    if not os.fork(): time.sleep(5); os._exit(0)\n    n += 1\n"
    "except OSError: pass\nprint(n)"
)
FILL = "f = open('{place}', 'wb')\nfor _ in range(64): f.write(b'x' * 1048576); f.flush()"
SHARED = (
    "import ctypes; libc = ctypes.CDLL(None)\n"
    "raise SystemExit(libc.shmget(0, 1 << 26, 0o1600) < 0 and libc.memfd_create(b'x', 0) < 0)"
)
USERNS = (
    "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
    "raise SystemExit(0 if libc.unshare(0x10000000) == 0 else 1)"
)
WAYS_OUT = (
    "import os, socket\nopened = []\n"
    "for name, way in {'chroot': lambda: os.chroot('/tmp'), 'setuid 0': lambda: os.setuid(0),"
    " 'host name': lambda: socket.sethostname('x'),"
    " 'netlink': lambda: socket.socket(16, 3, 0), 'vsock': lambda: socket.socket(40, 1)}.items():\n"
    "  try: way(); opened.append(name)\n  except OSError: pass\nprint(' '.join(opened))"
)


@dataclass(frozen=True, slots=True)
class Check:
    """`name`: what is looked at; `ok`; `detail`: what was seen, in words."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A command in the sandbox, and what of its end is right."""

    name: str
    code: str
    right: Callable[[Run], bool]
    good: str
    bad: str


def trials(port: int, inherited: int) -> list[Trial]:
    """`port`: something listens there on the host. `inherited`: an open descriptor of this process."""
    return [*walls(port, inherited), *bounds()]


def walls(port: int, inherited: int) -> list[Trial]:
    """What it must not reach."""
    refused = _refused
    return [
        Trial("runs", "print(6 * 7)", lambda r: r.ok and r.stdout == "42\n", "Python runs", "Python does not run"),
        Trial("user", "import os; print(os.getuid())", lambda r: r.stdout == "65534\n", "nobody", "not nobody"),
        Trial(
            "environment",
            VARIABLES,
            lambda r: r.ok and set(r.stdout.split()) <= NAMES,
            "no variable of the console is seen, also not the launcher's",
            "the console's environment can be read",
        ),
        Trial("network", CONNECT.format(port=port), refused, "no connection to this machine", "it could connect"),
        Trial(
            "kernel settings",
            "open('/proc/sys/kernel/core_pattern', 'a').close()",
            refused,
            "/proc/sys can't be written",
            "/proc/sys can be written",
        ),
        Trial("user namespaces", USERNS, refused, "no new ones", "a new one was made"),
        Trial("ways out", WAYS_OUT, lambda r: r.ok and not r.stdout.strip(), "all refused", "one is open"),
        Trial(
            "host files",
            "import os; print(*set(os.listdir('/')) & {'home', 'root', 'var', 'srv', 'opt', 'boot', 'sys'})",
            lambda r: r.ok and not r.stdout.strip(),
            "only /usr and a little of /etc",
            "folders of the host are seen",
        ),
        Trial(
            "descriptors",
            f"import os; os.fstat({inherited})",
            refused,
            "none is inherited",
            "an open file of the console was passed on",
        ),
    ]


def bounds() -> list[Trial]:
    """What it must not use up."""
    refused = _refused
    return [
        Trial("processes", FORKS, _forks_bounded, "bounded", "a fork bomb is not bounded"),
        Trial("memory", "b'x' * (1 << 30)", refused, "bounded", "1 GB could be had"),
        Trial("/tmp", FILL.format(place="/tmp/x"), refused, "sized", "not sized"),  # noqa: S108
        Trial("/dev/shm", FILL.format(place="/dev/shm/x"), refused, "sized", "not sized"),  # noqa: S108
        Trial("/work", FILL.format(place="/work/x"), refused, "sized", "not sized"),
        Trial("/", "open('/x', 'wb')", refused, "read-only", "it can be filled"),
        Trial("/dev", "open('/dev/x', 'wb')", refused, "read-only", "it can be filled"),
        Trial("shared memory", SHARED, refused, "bounded", "64 MB could be had beside every limit"),
        Trial(
            "CPU", "while True: pass", lambda r: r.killed_by in ("cpu", "wall"), "stopped", "it was not stopped"
        ),
        Trial(
            "output",
            "import sys\nwhile True: sys.stdout.write('x' * 65536)",
            lambda r: r.killed_by == "output" and len(r.stdout) <= SMALL.output_bytes,
            "cut while it is read",
            "not bounded",
        ),
    ]


def _refused(run: Run) -> bool:
    return run.exit_code != 0


def _forks_bounded(run: Run) -> bool:
    number = run.stdout.strip().splitlines()[-1:] or [""]
    return run.killed_by != "" or (number[0].isdigit() and int(number[0]) < 2 * SMALL.processes)


async def self_test() -> list[Check]:
    """Every check, in the order of the list; about three seconds."""
    held = confinement()
    if held.missing:
        return [Check("sandbox", False, f"Off: {held.missing}")]
    first = Check("sandbox", True, "bubblewrap, every namespace, a seccomp list, a user of its own")
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            tried = [await _try(trial) for trial in trials(server.getsockname()[1], reader)]
        finally:
            os.close(reader)
            os.close(writer)
    return [first, *tried]


def missing() -> str:
    """Why this machine can have no sandbox; empty where it can."""
    return confinement().missing


async def starts() -> Check:
    """The quickest of the checks, 20 ms: a command runs in it, and as nobody."""
    code = "import os; print(os.getuid())"
    return await _try(Trial("user", code, lambda r: r.stdout == "65534\n", "nobody", "not nobody"))


async def _try(trial: Trial) -> Check:
    try:
        run = await Sandbox(limits=SMALL).run(["python3", "-I", "-c", trial.code])
    except OSError as error:
        return Check(trial.name, False, f"It could not be started: {error.strerror}.")
    ok = trial.right(run)
    return Check(trial.name, ok, trial.good if ok else f"{trial.bad} (exit {run.exit_code}: {run.stderr[-200:]})")


def off_because(checks: list[Check]) -> str:
    """Why code may not be run here, in one sentence; empty where everything holds."""
    broken = [check for check in checks if not check.ok]
    return f"The sandbox: {broken[0].name}: {broken[0].detail}" if broken else ""
