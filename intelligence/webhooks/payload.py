"""Reads parsed JSON in which nothing is trusted to be there. Pure."""

from collections.abc import Mapping
from typing import Any


def at(given: Any, *path: str) -> Any:
    """What stands at a path; None where it leads nowhere."""
    for name in path:
        given = given.get(name) if isinstance(given, Mapping) else None
    return given


def text(given: Any, *path: str, most: int = 200) -> str:
    """The text or number at a path, cut; empty where there is none."""
    found = at(given, *path)
    return str(found)[:most].strip() if isinstance(found, str | int) and not isinstance(found, bool) else ""
