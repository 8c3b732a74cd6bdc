"""A seccomp deny list as a BPF program, in the bytes that bubblewrap's `--seccomp FD` reads. Pure.

Denied calls answer EPERM; `clone3` answers ENOSYS, so that the C library falls back to `clone`, whose flags a
filter can read. Source of the layout: struct sock_filter {u16 code, u8 jt, u8 jf, u32 k} and struct
seccomp_data {int nr, u32 arch, u64 ip, u64 args[6]} of linux/filter.h and linux/seccomp.h.
"""

import struct
from collections.abc import Mapping

LOAD, EQUAL, AND_SET, RETURN = 0x20, 0x15, 0x45, 0x06  # ld [k]; jeq k; jset k; ret k
GREATER_EQUAL = 0x35
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
NUMBER, ARCH, ARG0, ARG1 = 0, 4, 16, 24  # offsets in seccomp_data; low words of little-endian arguments
HIGH = 4  # from an argument's low word to its high one
X32 = 0x40000000  # numbers of the x32 ABI begin here

NEW_NAMESPACES = 0x7E020000 | 0x00000080  # every CLONE_NEW* flag, CLONE_NEWTIME included
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
INET6 = 10  # of the families of sockets unix (1), inet (2) and inet6 (10) are let through, and "any" (0)
BETWEEN = (3, 4, 5, 6, 7, 8, 9)
# System V memory and semaphores count against no limit that we set. PostgreSQL asks for 56 bytes as a lock.
MOST_SHARED, MOST_SEMAPHORES = 65_536, 64

# name: (x86-64, aarch64); None: not there
CALLS: Mapping[str, tuple[int | None, int]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, 0xFFFF),
    "iopl": (172, 0xFFFF),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "memfd_secret": (447, 447),
    "move_mount": (429, 429),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}
X86_64 = {"clone": 56, "clone3": 435, "ioctl": 16, "socket": 41, "memfd": 319, "shmget": 29, "semget": 64}
AARCH64 = {"clone": 220, "clone3": 435, "ioctl": 29, "socket": 198, "memfd": 279, "shmget": 194, "semget": 190}
MACHINES: Mapping[str, tuple[int, int, dict[str, int]]] = {
    # machine: (AUDIT_ARCH, column of CALLS, calls whose arguments are looked at)
    "x86_64": (0xC000003E, 0, X86_64),
    "aarch64": (0xC00000B7, 1, AARCH64),
}


def program(machine: str) -> bytes | None:
    """The filter for a machine as `platform.machine()` names it; None where there is none: then no sandbox."""
    if machine not in MACHINES:
        return None
    arch, column, looked_at = MACHINES[machine]
    code = [_op(LOAD, ARCH), _op(EQUAL, arch, 1, 0), _op(RETURN, KILL), _op(LOAD, NUMBER)]
    if machine == "x86_64":
        code += [_op(GREATER_EQUAL, X32, 0, 1), _op(RETURN, ERRNO | ENOSYS)]
    for row in CALLS.values():
        code += _refused(row[column], EPERM)
    code += _refused(looked_at["clone3"], ENOSYS)
    code += _refused(looked_at["memfd"], ENOSYS)  # files in memory that no limit counts
    for name, most in (("shmget", MOST_SHARED), ("semget", MOST_SEMAPHORES)):
        code += _argument(looked_at[name], ARG1, GREATER_EQUAL, [most + 1], EPERM)
        code += _argument(looked_at[name], ARG1 + HIGH, AND_SET, [0xFFFFFFFF], EPERM)
    code += _argument(looked_at["clone"], ARG0, AND_SET, [NEW_NAMESPACES], EPERM)
    code += _argument(looked_at["ioctl"], ARG1, EQUAL, [TIOCSTI, TIOCLINUX], EPERM)
    code += _argument(looked_at["socket"], ARG0, EQUAL, list(BETWEEN), EAFNOSUPPORT)
    code += _argument(looked_at["socket"], ARG0, GREATER_EQUAL, [INET6 + 1], EAFNOSUPPORT)
    return b"".join([*code, _op(RETURN, ALLOW)])


def _op(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, k)


def _refused(number: int | None, errno: int) -> list[bytes]:
    return [] if number is None else [_op(EQUAL, number, 0, 1), _op(RETURN, ERRNO | errno)]


def _argument(number: int, offset: int, test: int, values: list[int], errno: int) -> list[bytes]:
    """For one call: refused where its argument passes the test for any value; the number is loaded again after."""
    inside = [_op(LOAD, offset)]
    for value in values:
        inside += [_op(test, value, 0, 1), _op(RETURN, ERRNO | errno)]
    inside.append(_op(LOAD, NUMBER))
    return [_op(EQUAL, number, 0, len(inside)), *inside]
