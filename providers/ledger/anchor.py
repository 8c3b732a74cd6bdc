"""The tail of a chain, remembered outside the database: whoever cuts it off there does not reach this file."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings


class Broken(Exception):
    """What doesn't hold in a chain, in a sentence; `row`: the first row that is not proven."""

    def __init__(self, problem: str, row: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.row = problem, row


@dataclass(frozen=True, slots=True)
class Anchor:
    """The newest seal that this machine knows: its number, its hash, and the last row under it."""

    seal: int
    last: int
    hash: str


def folder() -> Path:
    return Path(settings.DATA_DIR) / "anchors"


def _file(chain: str) -> Path:
    return folder() / f"{chain}.json"


def read(chain: str) -> Anchor | None:
    """None where nothing was ever sealed from this machine. Errors: Broken for a file that is damaged."""
    try:
        text = _file(chain).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return Anchor(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise Broken(f"the anchor file {_file(chain).name} is damaged") from error


def advance(chain: str, to: Anchor, *, back: bool = False) -> None:
    """Remembers `to`, unless a newer one is remembered already (`back`: all the same)."""
    folder().mkdir(parents=True, exist_ok=True)
    with _held(chain):
        now = read(chain)
        if now is not None and now.seal >= to.seal and not back:
            return
        fresh = _file(chain).with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(to)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(_file(chain))


def forget() -> None:
    """For a database that begins anew (tests)."""
    for file in folder().glob("*.json"):
        file.unlink(missing_ok=True)


@contextmanager
def _held(chain: str) -> Iterator[None]:
    """One process at a time."""
    with (folder() / f"{chain}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
