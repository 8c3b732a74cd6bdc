"""What a page shows of a log: windows of lines as HTML, and where words stand. Never the whole log."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from django.utils.safestring import mark_safe

from intelligence.analysis.reducer import form_of
from intelligence.logs import ansi, logbook
from intelligence.models import Deployment, LogChunk
from providers.runtime.hop import hop

PAGE = 2_000  # lines of a page without JavaScript
BLOCK = 250  # lines that the script asks for at once (static/js/log.js)
FIRST_PAINT = 2 * BLOCK  # lines that come with the page; the script asks for what is scrolled to
LONGEST = 1 << 16  # characters of a line that are looked at: of a progress bar its last state is among them
FOLDED = 4  # similar lines in a row that are worth folding, beside the first and the last of them
MOST_FOUND = 1_000
MOST_QUERY = 200
Marks = Mapping[int, int]  # line -> number of the finding that quotes it


def blocks(deployment: Deployment, first: int, count: int, marks: Marks, here: int = 0) -> list[dict[str, Any]]:
    """[{first, parts}]: the lines in blocks of BLOCK as the script has them, each block as parts (see `parts`)."""
    end = first + count
    starts = range(first, min(end, deployment.log_lines + 1), BLOCK)
    return [{"first": at, "parts": parts(deployment, at, min(BLOCK, end - at), marks, here)} for at in starts]


def parts(deployment: Deployment, first: int, count: int, marks: Marks, here: int = 0) -> list[dict[str, Any]]:
    """[{similar, open, rows: [{n, html, mark}]}]: runs of lines; `similar`: how many alike are folded, or 0.

    `html` is safe, `mark` the finding's number or None. `here`: the line that was asked for; its fold is open.
    """
    text = logbook.read(deployment, first, count, LONGEST).text
    made: list[dict[str, Any]] = []
    for begin, end, similar in _runs(text, first, marks):
        rows = [
            {"n": n, "html": mark_safe(ansi.html(text[n - first])), "mark": marks.get(n)}  # noqa: S308  escaped there
            for n in range(first + begin, first + end)
        ]
        open_ = first + begin <= here < first + end
        made.append({"similar": end - begin if similar else 0, "open": similar and open_, "rows": rows})
    return made


def _runs(text: tuple[str, ...], first: int, marks: Marks) -> list[tuple[int, int, bool]]:
    """[(begin, end, folded)] over all of `text`. Lines that differ only in numbers and blanks are alike, those of
    errors only where they are the same; a quoted one is like no other. First and last of a run are shown."""
    forms = [n if (n := at + first) in marks else form_of(ansi.plain(line)) for at, line in enumerate(text)]
    made: list[tuple[int, int, bool]] = []
    shown = at = 0
    while at < len(forms):
        end = at + 1
        while end < len(forms) and forms[end] == forms[at]:
            end += 1
        if end - at - 2 >= FOLDED:
            made += [(shown, at + 1, False), (at + 1, end - 1, True)]
            shown = end - 1
        at = end
    return [*made, (shown, len(forms), False)] if shown < len(forms) else made


def window(deployment: Deployment, page: str, line: str, marks: Marks) -> tuple[int, int]:
    """(first line, how many) of what comes with the page: the page or what is around the line that was asked for,
    else around the first evidence, else the end of the log. Begins where a block begins."""
    if number(page):
        return (number(page) - 1) * PAGE + 1, PAGE
    last = max(1, deployment.log_lines)
    wanted = min(number(line), last) or (min(marks) if marks else last)
    block = (wanted - 1) // BLOCK
    first = block if wanted - 1 - block * BLOCK > BLOCK // 2 and block * BLOCK + BLOCK < last else block - 1
    return max(0, first) * BLOCK + 1, FIRST_PAINT


def number(asked: str) -> int:
    """The number that stands in an address; 0 for anything else."""
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 12 else 0


def find(deployment: Deployment, words: str) -> dict[str, Any]:
    """{query, lines, more}: numbers of the lines that hold the words, whatever their case and colours."""
    wanted = words[:MOST_QUERY].casefold()
    found: list[int] = []
    before = 0
    for lines in logbook.lines_of(deployment.chunks) if wanted else ():
        text = ansi.plain_lines("\n".join(lines)).casefold()
        at, line, counted = text.find(wanted), before + 1, 0
        while at >= 0 and len(found) <= MOST_FOUND:
            line += text.count("\n", counted, at)
            found.append(line)
            counted, end = at, text.find("\n", at)
            at = text.find(wanted, end) if end >= 0 else -1
        before += len(lines)
        if len(found) > MOST_FOUND:
            break
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
