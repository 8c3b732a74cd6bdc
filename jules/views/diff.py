"""A git diff as rows for a page: unified, and side by side, highlighted on the server. Every text is escaped."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

LONGEST, MOST_LINES = 500, 3_000
SHORT: Mapping[Any, str] = STANDARD_TYPES


def files_of(diff: str) -> list[dict[str, Any]]:
    """[{path, added, removed, rows, pairs}]; a row: {kind: add|del|same|gap, old, new, sign, html}."""
    made: list[dict[str, Any]] = []
    old = new = shown = 0
    lexer: Lexer = TextLexer()
    in_hunk = False
    for line in diff.rstrip("\n").split("\n"):
        if line.startswith("diff --git "):
            path = line.rpartition(" b/")[2]
            made.append({"path": path, "added": 0, "removed": 0, "rows": []})
            lexer, in_hunk = lexer_of(path), False
        elif line.startswith("@@") and made:
            old, new, in_hunk = *begins(line), True
            words = line.partition("@@ ")[2].partition(" @@")[2].strip()
            made[-1]["rows"].append({"kind": "gap", "old": "", "new": "", "html": words})
        elif in_hunk and made and line[:1] in ("+", "-", " ") and shown < MOST_LINES:
            shown += 1
            kind = {"+": "add", "-": "del", " ": "same"}[line[0]]
            row = {"kind": kind, "old": "" if kind == "add" else old, "new": "" if kind == "del" else new}
            made[-1]["rows"].append(row | {"html": highlighted(lexer, line[1:]), "sign": line[0].strip()})
            old, new = old + (kind != "add"), new + (kind != "del")
            made[-1]["added"] += kind == "add"
            made[-1]["removed"] += kind == "del"
    for file in made:
        file["pairs"] = pairs(file["rows"])
    return made


def begins(line: str) -> tuple[int, int]:
    """First line numbers of a hunk, before and after."""
    parts = line.split(" ")
    return abs(int(parts[1].split(",")[0])), abs(int(parts[2].split(",")[0]))


def lexer_of(path: str) -> Lexer:
    try:
        return get_lexer_for_filename(path, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return TextLexer(stripnl=False, ensurenl=False)


def highlighted(lexer: Lexer, text: str) -> SafeString:
    """One line as spans with classes; one that is too long to read is cut and not highlighted."""
    if len(text) > LONGEST:
        return escape(text[:LONGEST] + " …")
    return mark_safe("".join(span(kind, value) for kind, value in lexer.get_tokens(text)))  # noqa: S308 - escaped


def span(kind: Any, value: str) -> str:
    while kind not in SHORT:
        kind = kind.parent
    name = f"hl-{SHORT[kind][:1]}" if SHORT[kind] else ""
    text = str(escape(value.rstrip("\n")))
    return f'<span class="{name}">{text}</span>' if name and text else text


def pairs(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Removed lines beside the added ones that follow them."""
    made: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = []
    gone: list[dict[str, Any]] = []
    came: list[dict[str, Any]] = []

    def settle() -> None:
        for n in range(max(len(gone), len(came))):
            made.append((gone[n] if n < len(gone) else None, came[n] if n < len(came) else None))
        gone.clear()
        came.clear()

    for row in rows:
        if row["kind"] == "del":
            if came:
                settle()
            gone.append(row)
        elif row["kind"] == "add":
            came.append(row)
        else:
            settle()
            made.append((row, row))
    settle()
    return made
