"""What a sandboxed command is started with: the tools that must be there, and bubblewrap's command line.

Order: drop root to a uid of its own (as root RLIMIT_NPROC does nothing and /proc/sys is writable from inside),
CPU, memory and file limits, bubblewrap with every namespace, then the process limit inside it, where the kernel
counts only this sandbox's processes.
"""

import itertools
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from intelligence.agents import seccomp

if TYPE_CHECKING:
    from intelligence.agents.sandbox import Sandbox

FIRST_UID, UIDS = 61_200, 300  # above system users, below nobody; a sandbox gets the next one
INSIDE = 65_534
SCRATCH, SHARED = "/tmp", "/dev/shm"  # noqa: S108 - inside the sandbox
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl/certs", "ca-certificates", "localtime")
NETWORK_ETC = ("resolv.conf", "hosts", "nsswitch.conf", "gai.conf")
INSTALL = "bubblewrap is not installed (Debian, Ubuntu: apt-get install bubblewrap)."
_next = itertools.count()


@dataclass(frozen=True, slots=True)
class Confinement:
    """The tools' paths. `missing`: why there is no sandbox, in one sentence; empty where there is one."""

    missing: str = ""
    bwrap: str = ""
    prlimit: str = ""
    setpriv: str = ""
    seccomp: bytes = field(default=b"", repr=False)

    def arguments(
        self, box: "Sandbox", seccomp_fd: int, texts: Mapping[str, int], command: Sequence[str]
    ) -> list[str]:
        """The command line for `command` in `box`. `texts`: place inside -> descriptor of what stands there."""
        limits = box.limits
        return [
            *self._as_nobody(box),
            self.prlimit,
            f"--cpu={limits.cpu_s}:{limits.cpu_s + 1}",
            f"--as={limits.memory_bytes}",
            f"--fsize={limits.disk_bytes}",
            "--core=0",
            "--nofile=256",
            "--",
            self.bwrap,
            *namespaces(box.network),
            *files(box, texts),
            "--seccomp",
            str(seccomp_fd),
            "--",
            "/usr/bin/prlimit",
            f"--nproc={limits.processes}",
            "--",
            *command,
        ]

    def _as_nobody(self, box: "Sandbox") -> list[str]:
        if os.geteuid() != 0:
            return []
        given = box.work or next((socket.parent for socket in box.sockets), None)
        uid = owner_of(given) if given else fresh_uid()
        return [self.setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs", "--"]


def namespaces(network: bool) -> list[str]:
    shared = ["--share-net"] if network else []
    return [
        "--unshare-user",
        "--unshare-all",
        *shared,
        "--disable-userns",
        "--cap-drop",
        "ALL",
        "--uid",
        str(INSIDE),
        "--gid",
        str(INSIDE),
        "--hostname",
        "sandbox",
        "--new-session",
        "--die-with-parent",
        "--clearenv",
    ]


def files(box: "Sandbox", texts: Mapping[str, int]) -> list[str]:
    """Mounts and environment: /usr and a little of /etc read-only, sized tmpfs, and what was bound.

    bwrap's own / and /dev are tmpfs without a size (half of the machine's memory): read-only once all is in place.
    """
    size = str(box.limits.disk_bytes)
    made = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        place = Path("/") / name
        if place.is_symlink():
            made += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            made += ["--ro-bind", str(place), str(place)]
    for name in (*ETC, *(NETWORK_ETC if box.network else ())):
        made += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    made += ["--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", SHARED]  # --dev's own has no size
    made += ["--size", size, "--tmpfs", SCRATCH]
    made += ["--bind", str(box.work), "/work"] if box.work else ["--size", size, "--tmpfs", "/work"]
    for source, place in box.read_only.items():
        made += ["--ro-bind", str(source), place]
    for source, place in box.sockets.items():
        made += ["--bind", str(source), place]
    for place, descriptor in texts.items():
        made += ["--perms", "0444", "--file", str(descriptor), place]
    made += ["--remount-ro", "/dev", "--remount-ro", "/"]
    variables = {"PATH": SYSTEM_PATH, "HOME": SCRATCH, "LANG": "C.UTF-8", "TMPDIR": SCRATCH, **box.environment}
    for name, value in variables.items():
        made += ["--setenv", name, value]
    return [*made, "--chdir", "/work"]


def fresh_uid() -> int:
    """The next of the sandbox uids: two at once don't count against each other's limits."""
    return FIRST_UID + (os.getpid() * 31 + next(_next)) % UIDS


def owner_of(folder: Path) -> int:
    """The uid that a bound folder was given to. Errors: PermissionError where that is no sandbox uid."""
    uid = folder.stat().st_uid
    if not FIRST_UID <= uid < FIRST_UID + UIDS:
        raise PermissionError(f"{folder.name} does not belong to the sandbox.")
    return uid


def give(folder: Path) -> None:
    """Hands a tree to a sandbox uid, where the console is root; else it is the console's own already."""
    if os.geteuid() != 0:
        return
    uid = fresh_uid()
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            os.lchown(Path(place) / name, uid, uid)
    os.chown(folder, uid, uid)


@cache
def confinement() -> Confinement:
    """What this machine has; looked at once in a process."""
    found = {name: shutil.which(name, path=SYSTEM_PATH) or "" for name in ("bwrap", "prlimit", "setpriv")}
    program = seccomp.program(platform.machine())
    missing = ""
    if platform.system() != "Linux" or program is None:
        missing = (
            f"the sandbox is made for Linux on x86-64 and arm64, not {platform.system()} {platform.machine()}."
        )
    elif not found["bwrap"]:
        missing = INSTALL
    elif not found["prlimit"] or (os.geteuid() == 0 and not found["setpriv"]):
        missing = "prlimit and setpriv (package util-linux) are not installed."
    return Confinement(missing=missing, seccomp=program or b"", **found)
