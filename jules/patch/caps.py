"""Whole files up to the limits, never a part of one: a cut diff neither applies nor builds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_FILES_PER_JULES_PR = 5
MAX_BYTES_PER_JULES_PR = 50_000


@dataclass(frozen=True, slots=True)
class Sized:
    """One file of a fix; `diff_bytes` is the size of git's own diff of it."""

    path: str
    diff_bytes: int


@dataclass(frozen=True, slots=True)
class Taken:
    files: tuple[Sized, ...]
    left_out: tuple[Sized, ...]

    @property
    def truncated(self) -> bool:
        return bool(self.left_out)

    @property
    def diff_bytes(self) -> int:
        return sum(file.diff_bytes for file in self.files)


def take(
    files: Sequence[Sized],
    named: Iterable[str] = (),
    most_files: int = MAX_FILES_PER_JULES_PR,
    most_bytes: int = MAX_BYTES_PER_JULES_PR,
) -> Taken:
    """Files named in the failure's trace first, then in the order of the proposal; one that doesn't fit is left
    out whole, a smaller one after it may still fit."""
    first = list(named)
    ranked = sorted(files, key=lambda f: first.index(f.path) if f.path in first else len(first))
    taken: list[Sized] = []
    room = most_bytes
    for file in ranked:
        if len(taken) < most_files and file.diff_bytes <= room:
            taken.append(file)
            room -= file.diff_bytes
    paths = {file.path for file in taken}
    order = [file for file in files if file.path in paths]
    return Taken(tuple(order), tuple(file for file in files if file.path not in paths))
