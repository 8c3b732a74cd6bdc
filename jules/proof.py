"""The failing command, run in the sandbox on one commit: what it said, and how it ended."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from intelligence.agents import confine, trial
from intelligence.agents.sandbox import Limits, Sandbox
from intelligence.agents.sandbox_types import MB
from intelligence.analysis.reducer import reduce_log
from intelligence.deployer.packages import prepared
from intelligence.git import Repository
from intelligence.models import Service
from jules.context import plain
from providers.guard import Redactor

LIMITS = Limits(
    cpu_s=600, wall_s=600.0, memory_bytes=4096 * MB, processes=256, output_bytes=4 * MB, disk_bytes=1024 * MB
)
SHOWN = 6_000
MOST_TEXT, MOST_TREE = 200_000, 8 * MB
PREFIX = "aiops-fix-"


@asynccontextmanager
async def workplace(attempt_id: int) -> AsyncIterator[Path]:
    """A folder that the sandbox's own user can come to; what a lost worker left of this attempt goes."""
    base = await asyncio.to_thread(_fresh, f"{PREFIX}{attempt_id}-")
    try:
        yield base
    finally:
        await asyncio.to_thread(shutil.rmtree, base, ignore_errors=True)


def _fresh(prefix: str) -> Path:
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    base = Path(tempfile.mkdtemp(prefix=prefix))
    base.chmod(0o711)
    return base


async def laid_out(repository: Repository, sha: str, place: Path) -> None:
    """The commit's tree, as files."""
    await asyncio.to_thread(place.mkdir, 0o700)
    await repository.export(place, sha)


def read_tree(place: Path, modes: dict[str, str]) -> dict[str, bytes]:
    """The small regular files of a tree that was just laid out, in no more than MOST_TREE bytes."""
    found: dict[str, bytes] = {}
    room = MOST_TREE
    for path in sorted(modes, key=lambda one: (one.count("/"), one)):
        file = place / path
        if modes[path] not in ("100644", "100755") or file.is_symlink() or not file.is_file():
            continue
        size = file.stat().st_size
        if size <= min(MOST_TEXT, room):
            found[path] = file.read_bytes()
            room -= size
    return found


def why_not(service: Service, failed_in: str) -> str:
    """Why nothing can be proven, in words; empty where it can."""
    if off := trial.off():
        return f"no sandbox: {off}"
    if service.check_command.strip() or (service.build_command.strip() and failed_in == "BUILDING"):
        return ""
    return "no check command"


async def run(service: Service, place: Path, redactor: Redactor) -> dict[str, Any]:
    """{command, exit_code, killed_by, seconds, output} of the build, then of the check command, in `place`.

    The check has no network; the build has it where its service allows it.
    """
    await asyncio.to_thread(confine.give, place)
    given = await asyncio.to_thread(prepared, service.package_folder, place.parent / f"given-{place.name}")
    told: dict[str, Any] = {}
    said, seconds = "", 0.0
    for command, network in ((service.build_command, service.build_network), (service.check_command, False)):
        if not command.strip():
            continue
        box = Sandbox(limits=LIMITS, work=place, read_only=given, network=network)
        done = await box.run(["sh", "-c", f"exec 2>&1\n{command}"])
        said, seconds = said + done.stdout, seconds + done.seconds
        told = {"command": command, "exit_code": done.exit_code, "killed_by": done.killed_by}
        if not done.ok:
            break
    output = reduce_log(plain(redactor.whole(said)), SHOWN, redactor.whole)
    return told | {"seconds": round(seconds, 2), "output": output}


def passed(told: dict[str, Any] | None) -> bool:
    return bool(told) and told["exit_code"] == 0 and not told["killed_by"]
