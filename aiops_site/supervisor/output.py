"""What the processes print: everything into DATA_DIR/logs, warnings and errors on the terminal too."""

import contextlib
import json
import logging
import threading
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

LOUD = {"warning", "error", "critical"}
FILE_BYTES, OLD_FILES = 5_000_000, 3
LONGEST_LINE = 2_000  # characters on the terminal; the file has the whole line
_terminal = threading.Lock()


def say(text: str) -> None:
    """One line on the terminal. A terminal that is gone is no reason to stop."""
    with _terminal, contextlib.suppress(OSError, ValueError):
        print(text[:LONGEST_LINE], flush=True)


class QuietFile(RotatingFileHandler):
    """A log file that a full disk silences instead of breaking what is logged. Only its owner reads it."""

    def _open(self) -> IO[str]:
        file = super()._open()
        Path(self.baseFilename).chmod(0o600)
        return file

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class Output:
    """The output of one process, line by line. JSON lines have a level; other lines only go into the file."""

    def __init__(self, name: str, folder: Path, verbose: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.verbose = name, verbose
        self._file = QuietFile(
            folder / f"{name}.log", maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True
        )
        self._plain: deque[str] = deque(maxlen=8)

    def follow(self, stream: IO[bytes]) -> None:
        """Reads until the process and all that inherited its output have closed it."""
        with stream:
            for raw in stream:
                self._take(raw.decode("utf-8", "replace").rstrip("\r\n"))

    def last_words(self) -> list[str]:
        """The last lines that were no log lines: a traceback, or why a program refused to start."""
        words = list(self._plain)
        self._plain.clear()
        return words

    def _take(self, line: str) -> None:
        if not line:
            return
        self._file.emit(logging.LogRecord(self.name, logging.INFO, "", 0, line, None, None))
        entry = _entry(line)
        if entry is None:
            self._plain.append(_printable(line))
        if self.verbose:
            say(f"{self.name:>6} | {_printable(line)}")
        elif entry and entry.get("level") in LOUD:
            said = f"{entry['level'].upper()} {entry.get('message', '')}"
            say(f"{self.name:>6} | {_printable(said)}")


def _entry(line: str) -> dict[str, str] | None:
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _printable(line: str) -> str:
    """No escape sequence of a message from outside reaches the terminal."""
    return "".join(c if c.isprintable() else " " for c in line)
