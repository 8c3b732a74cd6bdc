"""The local deployer: clone, build in the sandbox, keep the release, check it. Nothing of a service is trusted."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from intelligence.agents import confine, trial
from intelligence.agents.sandbox import Limits, Sandbox
from intelligence.agents.sandbox_types import MB, Run
from intelligence.deployer import packages, python_tools
from intelligence.deployer.health import answers
from intelligence.deployer.job import Failed, Job
from intelligence.git import GitError, Repository
from intelligence.git.remotes import remote_of
from intelligence.models import Service, Status
from providers.network import outbound

GB = 1024 * MB
BUILD = Limits(
    cpu_s=900, wall_s=900.0, memory_bytes=4 * GB, processes=256, output_bytes=16 * MB, disk_bytes=1 * GB
)
CHECK = Limits(
    cpu_s=600, wall_s=600.0, memory_bytes=4 * GB, processes=256, output_bytes=16 * MB, disk_bytes=1 * GB
)
DEEP = 200  # commits that a named one is looked for in
PREFIX = "aiops-build-"
LIMITS = {
    "cpu": "it used more than {0.cpu_s} s of CPU",
    "wall": "it took longer than {0.wall_s:g} s",
    "output": "it wrote more than {0.output_bytes} bytes",
    "disk": "it filled its disk of {0.disk_bytes} bytes",
    "memory": "all its processes together held more than twice {0.memory_bytes} bytes of memory",
    "signal": "it was killed",
}


async def deploy(job: Job) -> None:
    """From QUEUED or BUILDING to RUNNING. Errors: Failed with the reason; LeaseLost."""
    service = job.deployment.service
    if off := await asyncio.to_thread(trial.off):
        raise Failed(f"The local deployer is off: {off}")
    if not service.repository_url:
        raise Failed("The service has no repository address to clone.")
    await job.move(Status.BUILDING)
    async with workplace(job) as base:
        place = base / "work"
        await fetch(job, place)
        box = await asyncio.to_thread(box_of, service, base)
        if service.build_command:
            await command(job, "build", service.build_command, box)
        await job.move(Status.DEPLOYING)
        release = await asyncio.to_thread(keep, job, place)
        try:
            await job.move(Status.HEALTH_CHECK)
            if service.check_command:
                await command(job, "check", service.check_command, check_box(box))
            if service.health_url:
                await answers(job, service.health_url)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, release, ignore_errors=True)
            raise
        await asyncio.to_thread(make_current, release)
        job.log.say(f"Running: this release is current ({release.name[:8]}).")
        await job.move(Status.RUNNING)


@asynccontextmanager
async def workplace(job: Job) -> AsyncIterator[Path]:
    """A folder that the sandbox's own user can come to; what a lost worker left of this deployment goes."""
    base = await asyncio.to_thread(fresh, f"{PREFIX}{job.deployment.pk}-")
    try:
        yield base
    finally:
        await asyncio.to_thread(shutil.rmtree, base, ignore_errors=True)


def fresh(prefix: str) -> Path:
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    base = Path(tempfile.mkdtemp(prefix=prefix))
    base.chmod(0o711)
    (base / "work").mkdir(mode=0o700)
    return base


def box_of(service: Service, base: Path) -> Sandbox:
    """The sandbox of the build. Errors: Failed where its package folder can't be used."""
    given = packages.prepared(service.package_folder, base)
    variables = python_tools.environment(network=service.build_network, packages=bool(given))
    return Sandbox(
        limits=BUILD,
        work=base / "work",
        read_only={**given, **python_tools.own_pip(base)},
        network=service.build_network,
        environment=variables,
    )


def check_box(box: Sandbox) -> Sandbox:
    """The same for the check, without network."""
    return replace(box, limits=CHECK, network=False, environment={**box.environment, "PIP_NO_INDEX": "1"})


async def fetch(job: Job, place: Path) -> None:
    deployment, service = job.deployment, job.deployment.service
    job.log.say(f"Cloning {deployment.branch or service.default_branch} of {service.repository_url}")
    wanted = deployment.commit.lower()
    try:
        async with Repository.cloned(
            remote_of(service),
            deployment.branch or service.default_branch,
            outbound.guard(),
            folder=settings.DATA_DIR / "clones",
            depth=DEEP if wanted else 1,
        ) as repository:
            sha = await repository.head()
            if wanted and not sha.startswith(wanted):
                sha = await named(repository, wanted)
            await repository.export(place, sha)
    except GitError as error:
        raise Failed(f"The repository could not be cloned: {error}", detail=error.detail) from error
    await job.change(commit=sha)
    job.log.say(f"At commit {sha}")
    await asyncio.to_thread(confine.give, place)


async def named(repository: Repository, wanted: str) -> str:
    try:
        return await repository.head(wanted)
    except GitError as error:
        raise Failed(f"Commit {wanted[:12]} is not among the newest {DEEP} of the branch.") from error


async def command(job: Job, name: str, words: str, box: Sandbox) -> None:
    """Runs it in the sandbox, its output into the log as it comes. Errors: Failed."""
    job.log.say(f"{name.capitalize()} command, {'with' if box.network else 'without'} network:")
    for line in words.splitlines():
        job.log.add(f"$ {line}\n".encode())
    done = await box.run(
        ["sh", "-c", f"exec 2>&1\n{words}"], on_output=job.log.add, should_stop=lambda: job.stopping
    )
    job.check()
    if not done.ok:
        raise Failed(f"The {name} command {ending(done, box.limits)}.")


def ending(done: Run, limits: Limits) -> str:
    if done.killed_by and done.killed_by in LIMITS:
        return f"was stopped: {LIMITS[done.killed_by].format(limits)}"
    if done.exit_code > 128:
        return f"ended by signal {done.exit_code - 128}"
    return f"ended with exit code {done.exit_code}"


def keep(job: Job, place: Path) -> Path:
    """A copy of the built tree that no sandbox can write to."""
    release = settings.DATA_DIR / "releases" / str(job.deployment.service_id) / str(job.deployment.pk)
    shutil.rmtree(release, ignore_errors=True)
    release.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(place, release, symlinks=True, ignore=special)
    return release


def special(folder: str, names: list[str]) -> set[str]:
    """Sockets, pipes and devices are no part of a release."""
    found = set()
    for name in names:
        path = Path(folder) / name
        if not (path.is_symlink() or path.is_file() or path.is_dir()):
            found.add(name)
    return found


def make_current(release: Path) -> None:
    """`current` names it from now on, in one step; the release before stays, older ones go."""
    link = release.parent / "current"
    before = link.readlink().name if link.is_symlink() else ""
    fresh = release.parent / f".current-{release.name}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(release.name)
    fresh.replace(link)
    for old in release.parent.iterdir():
        if old.name not in {release.name, before, "current"} and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)
