"""What a recipe looks at, and the few ways in which it answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from jules.patch.contract import Change, Edit, Proposal

STARTERS = (
    "Procfile",
    "package.json",
    "Makefile",
    "Dockerfile",
    "render.yaml",
    "app.json",
    "fly.toml",
    "start.sh",
)


@dataclass(frozen=True, slots=True)
class Case:
    """`log`: the reduced log and what the failing command said. `files`: path -> text of every readable file."""

    log: str
    files: Mapping[str, str]

    def starters(self) -> list[str]:
        """Files that say how the service is built and started, the nearest to the root first."""
        found = [p for p in self.files if PurePosixPath(p).name in STARTERS or p.endswith((".sh", "Dockerfile"))]
        return sorted(found, key=lambda path: (path.count("/"), path))

    def named(self, ending: str) -> list[str]:
        """Files whose name has this ending, the nearest to the root first."""
        return sorted((p for p in self.files if p.endswith(ending)), key=lambda path: (path.count("/"), path))

    def requirements(self) -> str | None:
        """The requirements file of the service, nearest to the root."""
        found = [p for p in self.files if PurePosixPath(p).name in ("requirements.txt", "requirements.in")]
        return min(found, key=lambda path: (path.count("/"), path)) if found else None

    def is_own(self, module: str) -> bool:
        """Whether the repository itself has that Python module."""
        names = (f"{module}.py", f"{module}/__init__.py")
        return any(p == n or p.endswith(f"/{n}") for p in self.files for n in names) or any(
            p.startswith(f"{module}/") or f"/{module}/" in p for p in self.files if p.endswith(".py")
        )


def whole(path: str, text: str, says: str) -> Proposal:
    return Proposal(says, (Change(path, content=text),))


def swapped(path: str, search: str, replace: str, says: str) -> Proposal:
    return Proposal(says, (Change(path, edits=(Edit(search, replace),)),))


def several(changes: Iterable[Change], says: str) -> Proposal | None:
    made = tuple(changes)
    return Proposal(says, made) if made else None


def with_line(text: str, line: str) -> str:
    """`line` as the last one, with the line end that the file has."""
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{line}\n"
