"""How much memory a process and all that came of it hold. RLIMIT_AS binds each alone. Pure."""

import os
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


def used(pid: int) -> int:
    """Bytes of private memory of `pid` and its descendants; what they share with files is not counted."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        try:
            fields = (PROC / str(one) / "statm").read_text().split()
            children = [(thread / "children").read_text() for thread in (PROC / str(one) / "task").iterdir()]
        except OSError:
            continue  # it has ended meanwhile
        total += max(0, int(fields[1]) - int(fields[2])) * PAGE
        todo += map(int, " ".join(children).split())
    return total
