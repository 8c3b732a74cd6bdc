"""The labelled logs of `tests/data/logs`, in two halves: one was looked at while rows were written."""

import json
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intelligence.rules.analysis import analyse
from intelligence.rules.types import Analysis

FOLDER = Path(__file__).resolve().parents[1] / "data" / "logs"


@dataclass(frozen=True)
class Labelled:
    name: str
    code: str | None  # None: healthy
    line: int | None
    signals: tuple[int, ...]

    @property
    def raw(self) -> bytes:
        return (FOLDER / f"{self.name}.log").read_bytes()

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.name.encode()) % 2 == 1

    @property
    def answer(self) -> Analysis:
        return answer(self.name)

    @property
    def right(self) -> bool:
        return self.answer.primary == self.code

    @property
    def near(self) -> bool:
        found = self.answer.patterns
        return bool(found) and abs(found[0].lines[0] - (self.line or 0)) <= 3


@cache
def answer(name: str) -> Analysis:
    return analyse((FOLDER / f"{name}.log").read_bytes())


def every() -> list[Labelled]:
    labels = json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))
    return [
        Labelled(name, label["class"], label["line"], tuple(label.get("signals", ())))
        for name, label in labels.items()
    ]


FAILING = [one for one in every() if one.code]
HEALTHY = [one for one in every() if not one.code]
