"""A bare clone in a folder of its own, gone when it is left.

async with Repository.cloned(remote, "main", guard, folder=clones) as repository:
    modes = await repository.tree("HEAD")
    sha = await repository.commit("HEAD", {"app.py": b"..."}, "Mend it")
    await repository.push(sha, "jules/auto-fix-7", expected="")
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from intelligence.git.command import Git, GitError, Remote
from providers.network.addresses import Guard

REVISION = re.compile(r"HEAD|[0-9a-f]{4,64}")
MOST_FILE = 2 * 1024 * 1024
NEW_FILE = "100644"


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class Repository:
    """Revisions are HEAD or commit ids; paths are of the tree, with slashes."""

    git: Git
    remote: Remote
    branch: str

    @staticmethod
    @asynccontextmanager
    async def cloned(
        remote: Remote, branch: str, guard: Guard, *, folder: Path, depth: int = 1, timeout_s: float = 300.0
    ) -> AsyncIterator["Repository"]:
        """Clones one branch. Errors: GitError, OutboundRefused."""
        place = await asyncio.to_thread(_fresh, folder)
        git = Git(place, guard, timeout_s)
        try:
            await git.run(
                "clone",
                "--quiet",
                "--bare",
                f"--depth={depth}",
                "--single-branch",
                "--no-tags",
                f"--branch={branch}",
                "--",
                remote.url,
                "repository.git",
                remote=remote,
            )
            yield Repository(Git(place / "repository.git", guard, timeout_s), remote, branch)
        finally:
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)

    async def head(self, revision: str = "HEAD") -> str:
        """The commit id."""
        return (await self.git.run("rev-parse", "--verify", f"{checked(revision)}^{{commit}}")).decode().strip()

    async def tree(self, revision: str = "HEAD") -> dict[str, str]:
        """Path -> mode of every file, link and submodule. Names that are no UTF-8 are left out."""
        listed = await self.git.run("ls-tree", "-r", "-z", "--full-tree", checked(revision))
        found: dict[str, str] = {}
        for row in listed.split(b"\0"):
            about, tab, name = row.partition(b"\t")
            try:
                if tab:
                    found[name.decode()] = about.split()[0].decode()
            except UnicodeDecodeError:
                continue
        return found

    async def read(self, path: str, revision: str = "HEAD") -> bytes | None:
        """A file's bytes; None where there is none. Errors: GitError for one over MOST_FILE."""
        place = f"{checked(revision)}:{path}"
        try:
            size = int(await self.git.run("cat-file", "-s", place))
        except GitError:
            return None
        if size > MOST_FILE:
            raise GitError(f"{path} has {size:,} bytes; {MOST_FILE:,} are read at most.")
        return await self.git.run("cat-file", "blob", place)

    async def export(self, folder: Path, revision: str = "HEAD") -> None:
        """Writes the tree into `folder`, for the sandbox. No filter, hook or submodule has any effect."""
        index = {"GIT_INDEX_FILE": str(self.git.folder / "export-index")}
        await self.git.run("read-tree", checked(revision), environment=index)
        await self.git.run(
            f"--work-tree={folder}",
            "checkout-index",
            "--all",
            "--force",
            "--quiet",
            environment=index,
            config={"core.symlinks": "true", "core.bare": "false"},
        )

    async def commit(self, base: str, files: Mapping[str, bytes | None], message: str) -> str:
        """A commit on `base` with these files changed (None: removed); its id. Modes stay as they were."""
        modes = await self.tree(base)
        lines = []
        for path, data in files.items():
            if data is None:
                lines.append(f"0 {'0' * 40}\t{path}")
                continue
            blob = (await self.git.run("hash-object", "-w", "--stdin", stdin=data)).decode().strip()
            lines.append(f"{modes.get(path, NEW_FILE)} {blob}\t{path}")
        index = {"GIT_INDEX_FILE": str(self.git.folder / "fix-index")}
        await self.git.run("read-tree", checked(base), environment=index)
        rows = "\0".join(lines).encode() + b"\0"
        await self.git.run("update-index", "--add", "-z", "--index-info", stdin=rows, environment=index)
        return await self._committed(base, message, index)

    async def patched(self, base: str, patch: bytes, message: str) -> str:
        """A commit on `base` with a git patch applied to it, without fuzz. Errors: GitError."""
        index = {"GIT_INDEX_FILE": str(self.git.folder / "patch-index")}
        await self.git.run("read-tree", checked(base), environment=index)
        await self.git.run(
            "apply", "--cached", "--recount", "-", stdin=patch.rstrip(b"\n") + b"\n", environment=index
        )
        return await self._committed(base, message, index)

    async def _committed(self, base: str, message: str, index: Mapping[str, str]) -> str:
        tree = (await self.git.run("write-tree", environment=index)).decode().strip()
        parent = await self.head(base)
        arguments = ("commit-tree", tree, "-p", parent, "-F", "-")
        return (await self.git.run(*arguments, stdin=message.encode())).decode().strip()

    async def changed(self, base: str, sha: str) -> list[str]:
        """Paths that differ between two commits."""
        names = await self.git.run(
            "diff-tree", "-r", "-z", "--name-only", "--no-renames", checked(base), checked(sha)
        )
        return [name.decode("utf-8", "replace") for name in names.split(b"\0") if name]

    async def diff(self, base: str, sha: str, paths: Sequence[str] = ()) -> bytes:
        """git's own diff, of some paths or all."""
        how = ("-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--full-index")
        chosen = [f":(literal){path}" for path in paths]
        return await self.git.run("diff-tree", *how, checked(base), checked(sha), "--", *chosen)

    async def remote_head(self, branch: str) -> str:
        """The commit id of a branch on the server; empty where there is none."""
        listed = await self.git.run("ls-remote", "--", self.remote.url, f"refs/heads/{branch}", remote=self.remote)
        return listed.split()[0].decode() if listed.strip() else ""

    async def commits_on(self, branch: str, bases: Collection[str] = (), most: int = 20) -> list[Commit]:
        """The newest commits of a branch on the server that are not on the cloned one, newest first.

        A shallow clone does not know all of its own history: the list ends before the first of `bases`.
        """
        await self.git.run(
            "fetch",
            "--quiet",
            f"--depth={most}",
            "--no-tags",
            "--",
            self.remote.url,
            f"refs/heads/{branch}",
            remote=self.remote,
        )
        shown = await self.git.run("log", "-z", f"-n{most}", "--format=%H%x1f%ae%x1f%s", "FETCH_HEAD", "^HEAD")
        rows = [row.decode("utf-8", "replace").split("\x1f") for row in shown.split(b"\0") if row]
        commits = [Commit(*row) for row in rows if len(row) == 3]
        return list(takewhile(lambda commit: commit.sha not in bases, commits))

    async def push(self, sha: str, branch: str, expected: str) -> None:
        """Sets the server's branch to `sha`, only where it still is at `expected` (empty: does not exist)."""
        lease = f"--force-with-lease=refs/heads/{branch}:{expected}"
        target = f"{checked(sha)}:refs/heads/{branch}"
        await self.git.run("push", "--porcelain", lease, "--", self.remote.url, target, remote=self.remote)


def _fresh(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="clone-", dir=folder))


def checked(revision: str) -> str:
    """Errors: GitError for what could be an option or a range."""
    if not REVISION.fullmatch(revision):
        raise GitError("That is no commit id.")
    return revision
