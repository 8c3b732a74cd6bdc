"""Rows as CSV or JSON, streamed. In CSV a cell that a spreadsheet would run as a formula is defused."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

from providers.usage.calls import FIELDS, all_rows
from providers.usage.question import Question

HEAD = ("id", "created_at", "user", *(name for name in FIELDS if name not in {"id", "created_at", "user_id"}))
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # full-width ones too


def cell(value: Any) -> Any:
    """Text that begins like a formula gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str) and (value.startswith(RUNS) or value.lstrip().startswith(RUNS)):
        return f"'{value}"
    return value


async def as_csv(viewer: Any, question: Question) -> AsyncIterator[bytes]:
    """The head, then rows chunk by chunk."""
    yield lines([HEAD])
    async for rows in all_rows(viewer, question):
        yield lines([[cell(row[name]) for name in HEAD] for row in rows])


def lines(rows: list[Any]) -> bytes:
    """Rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


async def as_json(viewer: Any, question: Question) -> AsyncIterator[bytes]:
    """One array of the rows as the API gives them; a reader can take it line by line."""
    opened = b"[\n"
    async for rows in all_rows(viewer, question):
        yield opened + b",\n".join(json.dumps(row, ensure_ascii=False).encode() for row in rows)
        opened = b",\n"
    yield b"\n]\n" if opened == b",\n" else b"[]\n"


FORMATS = {"csv": ("text/csv; charset=utf-8", as_csv), "json": ("application/json", as_json)}
