"""Raw bytes of a log into blocks of clean lines, without losing count.

A line is what ends in LF. Colours, cursor movements and NUL bytes go; a carriage return begins a new text within
the same line, so a progress bar of a thousand updates is one line and each update can be read.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BLOCK = 1 << 20
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[PX^_][^\x1b\n]*(?:\x1b\\)?|[ -/]*[0-~])"
)
_COLOURS = re.compile(rb"\x1b\[[0-9;]*[mK]")  # nearly all of them, and found twice as fast
_NEWLINES = re.compile(rb"(?<!\r)\r+\n")


@dataclass(frozen=True, slots=True)
class Block:
    """`text` to match in; `counted` has the same length, and its LFs are those of the raw file."""

    text: bytes
    counted: bytes
    first_line: int


def clean(raw: bytes) -> bytes:
    """Without colours, NUL bytes and the CR of CRLF; lone carriage returns stay."""
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    if b"\x1b" in raw:
        raw = _COLOURS.sub(b"", raw)
        if b"\x1b" in raw:
            raw = _ESCAPES.sub(b"", raw)
    raw = raw.replace(b"\r\n", b"\n")
    return _NEWLINES.sub(b"\n", raw) if b"\r\n" in raw else raw


def as_chunks(log: bytes | str | Iterable[bytes]) -> Iterator[bytes]:
    """A log in whatever form it is given, as chunks of at most a block."""
    if isinstance(log, str):
        log = log.encode("utf-8", "replace")
    for chunk in [log] if isinstance(log, bytes) else log:
        yield from (chunk[at : at + BLOCK] for at in range(0, len(chunk), BLOCK))


def utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """UTF-16 with a byte order mark (as Windows tools write) becomes UTF-8; all else passes as it is."""
    decoder: codecs.IncrementalDecoder | None = None
    for number, chunk in enumerate(chunks):
        if not number and chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        elif not number and chunk.startswith(codecs.BOM_UTF8):
            chunk = chunk[3:]
        yield decoder.decode(chunk).encode() if decoder else chunk


def blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Blocks that end at a line end; only a line longer than a block is cut inside."""
    line, size, held = 1, 0, list[bytes]()
    for chunk in utf8(chunks):
        held.append(chunk)
        size += len(chunk)
        if size < BLOCK:
            continue
        whole = b"".join(held)
        cut = whole.rfind(b"\n") + 1 or size
        yield _block(whole[:cut], line)
        line += whole.count(b"\n", 0, cut)
        held, size = [whole[cut:]], size - cut
    if size:
        yield _block(b"".join(held), line)


def _block(raw: bytes, first_line: int) -> Block:
    counted = clean(raw)
    return Block(counted.replace(b"\r", b"\n") if b"\r" in counted else counted, counted, first_line)
