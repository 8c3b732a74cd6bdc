"""What a stranger's command can and can't do, tried for real. Skipped, and named, where bubblewrap is missing."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from intelligence.agents import confine
from intelligence.agents.sandbox import Limits, Sandbox
from providers.exceptions import NotConfigured

pytestmark = pytest.mark.skipif(bool(confine.confinement().missing), reason=confine.confinement().missing)


def run(*command, stdin=b"", **how):
    watched = {name: how.pop(name) for name in ("on_output", "should_stop") if name in how}
    return asyncio.run(Sandbox(**how).run(command, stdin=stdin, **watched))


def reachable(folder):
    """The sandbox's own uid has to come through the folders above."""
    for place in (folder, *folder.parents[:3]):
        if place.stat().st_uid == os.geteuid() and place != Path("/tmp"):  # noqa: S108
            place.chmod(0o755)


def python(code, **how):
    return run("python3", "-I", "-c", code, **how)


def test_a_command_runs_and_its_output_and_end_are_told():
    done = run("sh", "-c", "cat; echo err >&2; exit 3", stdin=b"in\n")
    assert (done.exit_code, done.stdout, done.stderr, done.killed_by) == (3, "in\n", "err\n", "")


def test_it_is_nobody_with_an_empty_environment_also_in_the_launcher(monkeypatch):
    monkeypatch.setenv("SECRET_CANARY", "canary-91827364")
    done = run("sh", "-c", "id -u; env; cat /proc/*/environ | tr '\\0' '\\n'")
    assert done.stdout.startswith("65534\n")
    assert "canary" not in done.stdout
    names = {line.split("=")[0] for line in done.stdout.splitlines()[1:]}
    assert names <= {"HOME", "TMPDIR", "PATH", "LANG", "PWD", "OLDPWD", "_", "SHLVL"}


def test_of_the_host_it_sees_usr_and_what_was_bound(tmp_path):
    (tmp_path / "given").write_text("yes")
    reachable(tmp_path)
    secret = tmp_path.parent / "not-given"
    secret.write_text("no")
    words = f"ls /; cat /packages/given; cat {secret}; touch /packages/x; touch /usr/x"
    done = run("sh", "-c", words, read_only={tmp_path: "/packages"})
    seen = set(done.stdout.split())
    assert "yes" in seen and not {"home", "root", "var", "srv", "opt", "mnt", "run", "boot", "sys", "no"} & seen
    assert done.stderr.count("No such file") == 1 and done.stderr.count("Read-only file system") == 2


def test_there_is_no_network():
    code = "import socket\ntry: socket.create_connection(('1.1.1.1', 53), 2)\nexcept OSError as e: print(e.errno)"
    assert python(code).stdout.strip() == "101"  # network is unreachable


@pytest.mark.parametrize(
    "code",
    [
        "open('/proc/sys/kernel/core_pattern', 'w').write('x')",
        "import os; os.setuid(0)",
        "import os; os.chroot('/tmp')",
        "import os; os.mknod('/tmp/d', 0o60600, os.makedev(8, 0))",
        "import socket; socket.sethostname('x')",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
        "import socket; socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
        "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b'x')",
    ],
)
def test_ways_out_are_refused(code):
    done = python(code)
    assert done.exit_code == 1
    assert any(
        word in done.stderr
        for word in ("Permission", "permitted", "denied", "Read-only", "not supported", "Invalid")
    ), done.stderr


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
@pytest.mark.parametrize(
    ("name", "number", "first", "errno"),
    [
        ("unshare", 272, 0x10000000, 1),
        ("clone with a user namespace", 56, 0x10000000 | 17, 1),
        ("clone3", 435, 0, 38),
        ("ptrace", 101, 0, 1),
        ("bpf", 321, 0, 1),
        ("mount", 165, 0, 1),
        ("keyctl", 250, 0, 1),
        ("io_uring_setup", 425, 1, 1),
        ("userfaultfd", 323, 0, 1),
        ("msgget", 68, 0, 1),
        ("memfd_create", 319, 0, 38),
        ("x32 getpid", 0x40000000 + 39, 0, 38),
    ],
)
def test_system_calls_of_the_deny_list_are_refused(name, number, first, errno):
    code = f"import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.syscall({number}, {first}, 0, 0, 0, 0), ctypes.get_errno())"  # noqa: E501
    assert python(code).stdout.strip() == f"-1 {errno}"


def test_open_files_of_the_console_are_not_inherited(tmp_path):
    kept = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        assert run("sh", "-c", "ls /proc/self/fd").stdout.split() == ["0", "1", "2", "3"]
    finally:
        os.close(kept)


def test_a_fork_bomb_stops_at_the_process_limit():
    code = "import os, time\nn = 0\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(20)\n    n += 1\nexcept BlockingIOError: print(n)"  # noqa: E501
    done = python(code, limits=Limits(processes=20, wall_s=15))
    assert 5 <= int(done.stdout) < 20


@pytest.mark.parametrize(
    ("code", "limits", "killer"),
    [
        ("while True: pass", Limits(cpu_s=1), "cpu"),
        ("import time; time.sleep(60)", Limits(wall_s=0.5), "wall"),
        ("while True: print('y' * 1000)", Limits(output_bytes=10_000), "output"),
        ("import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", Limits(cpu_s=1), "cpu"),
    ],
)
def test_limits_end_it_and_say_which(code, limits, killer):
    started = time.monotonic()
    done = python(code, limits=limits)
    assert done.killed_by == killer
    assert len(done.stdout) <= limits.output_bytes
    assert time.monotonic() - started < 20


def test_memory_is_bounded():
    done = python("bytearray(10**9)")
    assert done.exit_code == 1 and "MemoryError" in done.stderr


@pytest.mark.parametrize("place", ["/tmp", "/work", "/dev/shm"])
def test_every_place_that_can_be_written_is_bounded(place):
    code = f"""
n = 0
try:
    for i in range(9):
        with open('{place}/f%d' % i, 'wb', 0) as f:
            for _ in range(4): n += f.write(bytes(1 << 20))
except OSError as e: print(n >> 20, e.errno)"""
    assert python(code, limits=Limits(disk_bytes=16 << 20)).stdout.strip() == "16 28"


def test_what_was_left_running_dies_with_it():
    started = time.monotonic()
    done = run("sh", "-c", "(setsid sleep 300 &) ; echo done")
    assert done.stdout == "done\n" and time.monotonic() - started < 10


def test_it_stops_when_it_is_asked_to_and_tells_what_it_said_so_far():
    said = []
    done = run("sh", "-c", "echo begun; sleep 60", on_output=said.append, should_stop=lambda: bool(said))
    assert done.killed_by == "cancelled" and done.stdout == "begun\n" and said == [b"begun\n"]


def test_a_cancelled_caller_leaves_no_process():
    async def go():
        begun = asyncio.Event()
        box = Sandbox().run(["sh", "-c", "echo begun; sleep 61.5"], on_output=lambda _: begun.set())
        task = asyncio.create_task(box)
        async with asyncio.timeout(10):
            await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert [place for place in Path("/proc").glob("[0-9]*") if "sleep 61.5" in command_of(place)] == []


def command_of(place):
    try:
        return (place / "cmdline").read_text()
    except OSError:
        return ""


def test_a_bound_folder_can_be_written_and_is_watched(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    reachable(tmp_path)
    confine.give(work)
    assert run("sh", "-c", "echo made > file", work=work).ok
    assert (work / "file").read_text() == "made\n"
    full = python(
        "import time\nfor i in range(40): open('f%d' % i, 'wb').write(bytes(1 << 20))\ntime.sleep(30)",
        work=work,
        limits=Limits(disk_bytes=8 << 20),
    )
    assert full.killed_by == "disk"


def test_without_bubblewrap_nothing_runs(monkeypatch):
    monkeypatch.setattr(confine.shutil, "which", lambda *a, **k: None)
    confine.confinement.cache_clear()
    try:
        with pytest.raises(NotConfigured, match="bubblewrap is not installed"):
            run("true")
    finally:
        confine.confinement.cache_clear()


def test_what_it_may_not_fill_is_read_only():
    code = """
for place in ("/x", "/etc/x", "/dev/x", "/usr/x", "/code/x"):
    try: open(place, "wb")
    except OSError as e: print(place, e.errno)"""
    assert python(code).stdout.split() == [
        "/x",
        "30",
        "/etc/x",
        "30",
        "/dev/x",
        "30",
        "/usr/x",
        "30",
        "/code/x",
        "2",
    ]


def test_shared_memory_and_semaphores_beside_every_limit_are_refused_and_a_lock_of_postgresql_is_not():
    code = """
import ctypes
c = ctypes.CDLL(None, use_errno=True)
print([c.shmget(0, ctypes.c_size_t(size), 0o1600) >= 0 for size in (56, 65_536, 65_537, 1 << 33)])
print([c.semget(0, number, 0o1600) >= 0 for number in (1, 64, 65)])"""
    assert python(code).stdout.splitlines() == ["[True, True, False, False]", "[True, True, False]"]


def test_of_all_kinds_of_sockets_only_unix_and_the_internets_can_be_made():
    code = """
import socket
for family in range(48):
    try: print(socket.AddressFamily(socket.socket(family, socket.SOCK_STREAM).family).value)
    except (OSError, ValueError): pass"""
    assert python(code).stdout.split() == ["1", "2", "10"]


def test_many_small_processes_can_not_hold_more_memory_together_than_twice_what_one_may():
    code = "import os, time\nfor _ in range(4): os.fork()\nx = bytearray(40 << 20)\ntime.sleep(20)"
    done = python(code, limits=Limits(memory_bytes=128 << 20, processes=40))
    assert done.killed_by == "memory" and done.seconds < 10


def test_a_text_is_put_inside_read_only_and_stands_on_no_command_line():
    code = (
        b"import os; print(os.stat(__file__).st_mode & 0o777, open('/proc/1/cmdline').read()); open(__file__, 'a')"
    )
    done = run("python3", "/code/x.py", texts={"/code/x.py": code + b" # canary-5512"})
    assert done.stdout.startswith("292 ") and "canary-5512" not in done.stdout
    assert "PermissionError" in done.stderr
