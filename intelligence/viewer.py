"""What a page shows of a log: windows of lines as HTML, and where words stand. Never the whole log."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from django.utils.safestring import mark_safe

from intelligence import ansi, logbook
from intelligence.models import Deployment, LogChunk
from providers.hop import hop

PAGE = 2_000  # lines of a page without JavaScript
FIRST_PAINT = 400  # lines that come with the page; the script asks for what is scrolled to
MOST_FOUND = 1_000
MOST_QUERY = 200
Marks = Mapping[int, int]  # line -> number of the finding that quotes it


def rows(deployment: Deployment, first: int, count: int, marks: Marks) -> list[dict[str, Any]]:
    """[{n, html, mark}]: `html` is safe, `mark` the finding's number or None."""
    lines = logbook.read(deployment, first, count)
    return [
        {"n": n, "html": mark_safe(ansi.html(text)), "mark": marks.get(n)}  # noqa: S308  escaped in ansi.html
        for n, text in enumerate(lines.text, start=lines.first)
    ]


def window(deployment: Deployment, asked: str, marks: Marks) -> tuple[int, int]:
    """(first line, how many) of what comes with the page: the page that was asked for, else around the first
    evidence, else the end of a log that runs or failed."""
    if asked.isdigit() and len(asked) < 12 and int(asked):
        return (int(asked) - 1) * PAGE + 1, PAGE
    total = deployment.log_lines
    if marks:
        return max(1, min(min(marks) - FIRST_PAINT // 2, total - FIRST_PAINT + 1)), FIRST_PAINT
    return max(1, total - FIRST_PAINT + 1), FIRST_PAINT


def find(deployment: Deployment, words: str) -> dict[str, Any]:
    """{query, lines, more}: numbers of the lines that hold the words, whatever their case and colours."""
    wanted = words[:MOST_QUERY].casefold()
    found: list[int] = []
    number, rest = 0, ""
    for chunk in deployment.chunks.order_by("n").iterator(chunk_size=4) if wanted else ():
        *whole, rest = (rest + logbook.unpacked(chunk)).split("\n")
        if wanted in "\n".join(whole).casefold() or any("\x1b" in line for line in whole):
            found += [n for n, line in enumerate(whole, start=number + 1) if wanted in ansi.plain(line).casefold()]
        number += len(whole)
        if len(found) > MOST_FOUND:
            break
    else:
        if rest and wanted and wanted in ansi.plain(rest).casefold():
            found.append(number + 1)
    return {"query": words[:MOST_QUERY], "lines": found[:MOST_FOUND], "more": len(found) > MOST_FOUND}


async def download(deployment_id: UUID) -> AsyncIterator[bytes]:
    """The stored log, chunk by chunk."""
    n = 0
    while (chunk := await hop(_chunk, deployment_id, n)) is not None:
        yield chunk
        n += 1


def _chunk(deployment_id: UUID, n: int) -> bytes | None:
    found = LogChunk.objects.filter(deployment_id=deployment_id, n=n).first()
    return logbook.unpacked(found).encode() if found else None
