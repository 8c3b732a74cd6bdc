"""A small reader of server-sent events, bounded, and tolerant of how upstreams really write them."""

from collections.abc import Iterator

from providers.exceptions import UpstreamBroken

MAX_EVENT_BYTES = 1024 * 1024


class EventReader:
    """Takes bytes as they come, gives `(event name, data)`; the name is empty where none was sent.

    Comment lines are skipped, several data lines are joined by line feeds, all three line endings are
    taken. Raises `UpstreamBroken` for an event above `MAX_EVENT_BYTES`.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []  # the line that is not whole yet, in pieces
        self._held_size = 0
        self._name = ""
        self._data: list[str] = []
        self._size = 0
        self._first = True

    def feed(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        if self._is_one_event(chunk):
            self._first, self._size = False, 0
            yield "", chunk[6:-2].decode("utf-8", "replace")
            return
        self._held.append(chunk)
        self._held_size += len(chunk)
        if b"\n" in chunk or b"\r" in chunk:
            lines = b"".join(self._held).splitlines(keepends=True)
            # A carriage return at the end waits for the next chunk: it may be half of a CRLF.
            self._held = [] if lines[-1].endswith(b"\n") else [lines.pop()]
            self._held_size = sum(map(len, self._held))
            for line in lines:
                yield from self._line(line.rstrip(b"\r\n"))
        if self._held_size > MAX_EVENT_BYTES:
            raise UpstreamBroken("Its stream holds a line that is too long.")

    def _is_one_event(self, chunk: bytes) -> bool:
        """Whether nothing is open and the chunk is `data: ` and one line, as nearly all are."""
        idle = not self._held and not self._data and not self._name
        plain = idle and chunk.startswith(b"data: ") and chunk.find(b"\n") == len(chunk) - 2
        return plain and chunk.endswith(b"\n\n") and b"\r" not in chunk and len(chunk) <= MAX_EVENT_BYTES

    def end(self) -> Iterator[tuple[str, str]]:
        """What the end of the body leaves open. Some servers omit the last blank line; an event that
        was cut in its middle then fails as broken JSON instead of vanishing."""
        for line in b"".join(self._held).splitlines():
            yield from self._line(line)
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[tuple[str, str]]:
        if self._first:
            line, self._first = line.removeprefix(b"\xef\xbb\xbf"), False
        if not line:
            if self._data:
                yield self._name, "\n".join(self._data)
            self._name, self._data, self._size = "", [], 0
            return
        self._size += len(line)
        if self._size > MAX_EVENT_BYTES:
            raise UpstreamBroken("Its stream holds an event that is too large.")
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if field == b"data":
            self._data.append(text)
        elif field == b"event":
            self._name = text
