"""Applies a change to a file's bytes, without guessing.

A search text must stand exactly once: as it is, or alike but for uniform indentation. Anything else is an error
that shows the most similar real lines. Line ends, byte order mark and a missing last line end stay as they were.
"""

import difflib
import textwrap
from dataclasses import dataclass

from jules.patch.contract import Change, Edit

BOM = "\ufeff"
SHOWN = 12  # lines of the most similar place


class NotApplied(Exception):
    """Why an edit can't be applied, in a sentence for the model."""


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text with LF only, and what it takes to write it back."""

    text: str
    newline: str
    bom: bool

    def encoded(self, text: str) -> bytes:
        body = text.replace("\r\n", "\n").replace("\n", self.newline)
        return ((BOM if self.bom else "") + body).encode()


def opened(path: str, data: bytes) -> Text:
    """Errors: NotApplied for a binary file, or one that is not UTF-8."""
    if b"\0" in data:
        raise NotApplied(f"{path} is a binary file; it is not edited.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotApplied(f"{path} is not UTF-8; it is not edited.") from error
    bom = text.startswith(BOM)
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    return Text(text.removeprefix(BOM).replace("\r\n", "\n"), newline, bom)


def apply(change: Change, data: bytes | None) -> bytes:
    """The new bytes of the file; `data` None: there is none yet. Errors: NotApplied."""
    if change.content is not None:
        if "\0" in change.content:
            raise NotApplied(f"{change.path}: the new text holds NUL bytes.")
        there = opened(change.path, data) if data is not None else Text("", "\n", False)
        return there.encoded(change.content.removeprefix(BOM))
    if data is None:
        raise NotApplied(f"{change.path} does not exist; give its whole `content` to make it.")
    there = opened(change.path, data)
    text = there.text
    for n, edit in enumerate(change.edits, 1):
        text = _replaced(f"{change.path}, edit {n}", text, edit)
    return there.encoded(text)


def _replaced(place: str, text: str, edit: Edit) -> str:
    search, replace = edit.search.replace("\r\n", "\n"), edit.replace.replace("\r\n", "\n")
    found = text.count(search)
    if found == 1:
        return text.replace(search, replace)
    if found > 1:
        raise NotApplied(f"{place}: the search text stands {found} times; quote more lines around it.")
    alike = _indented(text, search, replace)
    if alike is not None:
        return alike
    if replace.strip() and text.count(replace) == 1:
        raise NotApplied(f"{place}: this edit is in the file already.")
    raise NotApplied(
        f"{place}: the search text is not in the file. The most similar lines are:\n{_near(text, search)}"
    )


def _indented(text: str, search: str, replace: str) -> str | None:
    """The text with the one place replaced that equals `search` but for the same indentation on every line."""
    wanted = _bare(search)
    if not any(wanted):
        return None
    lines = text.split("\n")
    size = len(wanted)
    places = [n for n in range(len(lines) - size + 1) if _bare("\n".join(lines[n : n + size])) == wanted]
    if len(places) != 1:
        return None
    at = places[0]
    indent = _indent(lines[at : at + size])
    body = textwrap.dedent(replace.strip("\n"))
    made = [indent + line if line.strip() else "" for line in body.split("\n")] if body.strip() else []
    return "\n".join([*lines[:at], *made, *lines[at + size :]])


def _bare(block: str) -> list[str]:
    """Lines without what all of them are indented by, and without blank ones around."""
    return [line.rstrip() for line in textwrap.dedent(block.strip("\n")).split("\n")]


def _indent(lines: list[str]) -> str:
    starts = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    return min(starts, key=len) if starts else ""


def _near(text: str, search: str) -> str:
    """The stretch of the file that is most like the search text."""
    lines, wanted = text.split("\n")[:5_000], search.strip("\n").split("\n")
    size = min(len(wanted), SHOWN)
    best, where = -1.0, 0
    for n in range(max(1, len(lines) - size + 1)):
        ratio = difflib.SequenceMatcher(None, lines[n], wanted[0], autojunk=False).quick_ratio()
        if ratio > best:
            best, where = ratio, n
    return "\n".join(lines[where : where + size])[:1_500]
