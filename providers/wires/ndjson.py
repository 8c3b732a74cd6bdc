"""A small reader of JSON lines, bounded."""

from collections.abc import Iterator

from providers.exceptions import UpstreamBroken

MAX_LINE_BYTES = 1024 * 1024


class LineReader:
    """Takes bytes as they come, gives the lines that hold something. Raises `UpstreamBroken` for a line
    above `MAX_LINE_BYTES`."""

    def __init__(self) -> None:
        self._held: list[bytes] = []  # the line that is not whole yet, in pieces
        self._held_size = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            self._hold(line)
            yield from self.end()
        self._hold(rest)

    def end(self) -> Iterator[str]:
        """What is held as a line of its own; at the end of the body, a last line without its line feed."""
        line = b"".join(self._held).strip()
        self._held, self._held_size = [], 0
        if line:
            yield line.decode("utf-8", "replace")

    def _hold(self, piece: bytes) -> None:
        self._held.append(piece)
        self._held_size += len(piece)
        if self._held_size > MAX_LINE_BYTES:
            raise UpstreamBroken("Its stream holds a line that is too long.")
