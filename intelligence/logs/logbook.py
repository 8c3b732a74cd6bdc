"""The stored log of a deployment: append, read by line or byte, stream. Nothing here loads a log whole.

What is stored is redacted first (every stored key and known key shape) and is valid UTF-8; line numbers and
quotes are of this stored text. A line is what ends in LF.
"""

import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from intelligence.models import Deployment, LogChunk
from providers.exceptions import InvalidInput
from providers.guard import Redactor

CHUNK = 256 * 1024
OPEN_END = 4_096  # longer than any key
MAX_LOG = 100 * 1024 * 1024
MAX_LINES_READ = 5_000
MAX_READ = 16 << 20  # characters of one reading
LONGEST = 1 << 20  # characters of a line that a reader gets; stored and downloaded it is whole
FULL = f"A log holds at most {MAX_LOG // 1024 // 1024} MB; this would pass it."


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines `first` to `first + len(text) - 1` of a log, 1-based, without their line ends."""

    first: int
    text: tuple[str, ...]
    total: int


def append(deployment_id: UUID, piece: bytes | str, redactor: Redactor) -> int:
    """Adds text at the end; returns the log's size in bytes. One short transaction, the deployment's row locked.

    Unfinished last lines are joined with what follows before anything is redacted, so a key that was cut
    between two pieces is still found. Errors: InvalidInput when the log would pass MAX_LOG.
    """
    text = piece.decode("utf-8", "replace") if isinstance(piece, bytes) else piece
    text = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if not text:
        return Deployment.objects.values_list("log_bytes", flat=True).get(pk=deployment_id)
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update().only("log_bytes", "log_lines").get(pk=deployment_id)
        last = deployment.chunks.order_by("-n").first()
        tail = unpacked(last) if last else ""
        if last is not None and (last.size < CHUNK or not tail.endswith("\n")):
            text, start = tail + text, last
        else:
            start = LogChunk(deployment=deployment, n=last.n + 1 if last else 0, **_after(last))
        if start.offset + len(text.encode("utf-8", "replace")) > MAX_LOG:
            raise InvalidInput(FULL, param="log", code="log_too_long")
        chunks = _cut(start, redactor.whole(text))
        for chunk in chunks:
            chunk.save()
        end = chunks[-1]
        deployment.log_bytes = end.offset + end.size
        deployment.log_lines = end.first_line - 1 + end.lines + (0 if unpacked(end).endswith("\n") else 1)
        deployment.save(update_fields=["log_bytes", "log_lines"])
        return deployment.log_bytes


def _after(last: LogChunk | None) -> dict[str, int]:
    if last is None:
        return {"offset": 0, "first_line": 1}
    return {"offset": last.offset + last.size, "first_line": last.first_line + last.lines}


def _cut(start: LogChunk, text: str) -> list[LogChunk]:
    """`text` as chunks of about CHUNK characters from `start` on, cut at line ends where there are any.

    An unfinished line always ends in a chunk that is not full: its next piece is joined with it."""
    made, chunk = [], start
    while True:
        here = text[:CHUNK]
        if len(here) == CHUNK and not (here.endswith("\n") and len(text) == CHUNK):
            here = here[: here.rfind("\n") + 1] or here[:-OPEN_END]
        text = text[len(here) :]
        raw = here.encode("utf-8", "replace")
        chunk.size, chunk.lines, chunk.data = len(raw), here.count("\n"), zlib.compress(raw, 6)
        made.append(chunk)
        if not text:
            return made
        chunk = LogChunk(deployment_id=start.deployment_id, n=chunk.n + 1, **_after(chunk))


def unpacked(chunk: LogChunk) -> str:
    return zlib.decompress(bytes(chunk.data)).decode("utf-8")


def read(deployment: Deployment, first: int, count: int, longest: int = LONGEST) -> Lines:
    """At most MAX_LINES_READ lines from line `first` on; fewer at the end or past MAX_READ characters, none beyond
    the end. Of an endless line its first `longest` characters."""
    first, count = max(1, first), max(0, min(count, MAX_LINES_READ))
    places = list(deployment.chunks.order_by("n").values_list("first_line", flat=True))
    if not places or count == 0:
        return Lines(first, (), deployment.log_lines)
    n = max(0, bisect_left(places, first) - 1)  # a line may begin in the chunk before
    found: list[str] = []
    skip, room = first - places[n], MAX_READ
    for whole in lines_of(deployment.chunks.filter(n__gte=n), longest):
        for text in whole[skip : skip + count - len(found)]:
            room -= len(text)
            if room < 0 and found:
                return Lines(first, tuple(found), deployment.log_lines)
            found.append(text)
        skip = max(0, skip - len(whole))
        if len(found) >= count:
            break
    return Lines(first, tuple(found), deployment.log_lines)


def lines_of(chunks: QuerySet[LogChunk], longest: int = LONGEST) -> Iterator[list[str]]:
    """Chunk by chunk the lines that end in it, then one that has no end. Linear, also for an endless line."""
    held, size = list[str](), 0
    for chunk in chunks.order_by("n").iterator(chunk_size=4):
        *whole, rest = unpacked(chunk).split("\n")
        if whole:
            whole[0] = "".join([*held, whole[0][: max(0, longest - size)]])
            whole = [text[:longest] for text in whole]
            held, size = [], 0
        held.append(rest[: max(0, longest - size)])
        size += len(held[-1])
        yield whole
    if size:
        yield ["".join(held)]


def stream(deployment: Deployment, offset: int = 0) -> Iterator[bytes]:
    """The stored bytes from `offset` on, chunk by chunk."""
    at = deployment.chunks.filter(offset__lte=offset).order_by("-n").values_list("n", flat=True).first() or 0
    for chunk in deployment.chunks.filter(n__gte=at).order_by("n").iterator(chunk_size=4):
        raw = zlib.decompress(bytes(chunk.data))
        skip = max(0, offset - chunk.offset)
        if raw[skip:]:
            yield raw[skip:]
