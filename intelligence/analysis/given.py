"""A log that was given for analysis: stored in compressed chunks, redacted first. Never whole in memory."""

import zlib
from collections.abc import Iterable, Iterator

from intelligence.logs.logbook import FULL, MAX_LOG
from intelligence.logs.secrets import redactor
from intelligence.models import AnalysisChunk, AnalysisRun
from providers.exceptions import InvalidInput

CHUNK = 512 * 1024
OPEN_END = 4_096  # longer than any key
_PACKED = {b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}
EMPTY = "Give a log: paste lines, or choose a file."


def store(run: AnalysisRun, pieces: Iterable[bytes]) -> int:
    """Bytes that were stored. Errors: InvalidInput for nothing, too much, or something packed."""
    mask, n, size = redactor(), 0, 0
    for text in _cut(pieces):
        raw = mask.whole(text).encode("utf-8", "replace")
        AnalysisChunk.objects.create(run=run, n=n, data=zlib.compress(raw, 6))
        n, size = n + 1, size + len(raw)
    if not size:
        raise InvalidInput(EMPTY, param="log", code="log_empty")
    return size


def _cut(pieces: Iterable[bytes]) -> Iterator[str]:
    """Text in pieces that end at a line end; only a longer line is cut inside, its end held back for the next."""
    held, total = b"", 0
    for piece in pieces:
        if not total:
            _refuse_packed(piece)
        total += len(piece)
        if total > MAX_LOG:
            raise InvalidInput(FULL, param="log", code="log_too_long")
        held += piece
        while len(held) >= CHUNK:
            at = held.rfind(b"\n", 0, CHUNK) + 1 or CHUNK - OPEN_END
            yield _text(held[:at])
            held = held[at:]
    if held:
        yield _text(held)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _refuse_packed(head: bytes) -> None:
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise InvalidInput(f"This is a {name} file. Unpack it and give the text.", param="log", code="packed")


def stream(run: AnalysisRun) -> Iterator[bytes]:
    for chunk in run.chunks.order_by("n").iterator(chunk_size=4):
        yield zlib.decompress(bytes(chunk.data))
