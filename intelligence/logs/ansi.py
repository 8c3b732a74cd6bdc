"""A log line as HTML: colours as classes, every other control sequence gone, everything escaped. Pure."""

import re
from html import escape

MOST = 4_000  # characters of a line that a page shows
_SEQUENCE = re.compile(
    r"\x1b\[([0-9;:]*)m"  # colours: kept as classes
    r"|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|(?=\n|\Z))|\x1b[@-Z\\-_()#][0-9A-B]?|\x9b[0-?]*[@-~]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")  # nearly every sequence of a log
_ASCII_CONTROL = bytes([*range(9), *range(11, 32), 127])
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def plain(line: str) -> str:
    """The words alone: of a line that was written over (a progress bar), what stood there last."""
    return _CONTROL.sub("", _SEQUENCE.sub("", _last(line)))


def plain_lines(text: str) -> str:
    """`plain` of every line of a text at once; quick, because whole logs are searched by it."""
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(map(_last, text.split("\n")))
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if "\x1b" in text or "\x9b" in text:
        text = _SEQUENCE.sub("", text)
    return text.encode().translate(None, _ASCII_CONTROL).decode() if text.isascii() else _CONTROL.sub("", text)


def _last(line: str) -> str:
    return next((part for part in reversed(line.split("\r")) if part.strip()), "")


def html(line: str) -> str:
    """Safe HTML. `<span class="ansi-red ansi-bold">`; never a style, a link or an event."""
    shown, cut = _last(line), ""
    if len(shown) > MOST:
        cut = f'<span class="ansi-cut">… {len(shown) - MOST:,} more characters</span>'
        shown = shown[:MOST]
    made, classes, at = [], frozenset[str](), 0
    for found in _SEQUENCE.finditer(shown):
        made.append(_span(shown[at : found.start()], classes))
        at = found.end()
        if found.group(1) is not None:
            classes = _after(classes, found.group(1))
    made.append(_span(shown[at:], classes))
    return "".join(made) + cut


def _span(text: str, classes: frozenset[str]) -> str:
    clean = escape(_CONTROL.sub("", text))
    return f'<span class="{" ".join(sorted(classes))}">{clean}</span>' if clean and classes else clean


def _after(classes: frozenset[str], codes: str) -> frozenset[str]:
    """The classes once these codes were read. Colours beyond the sixteen are left out."""
    found = set(classes)
    numbers = [int(code) if code.isdigit() and len(code) < 4 else 0 for code in re.split("[;:]", codes)]
    while numbers:
        code = numbers.pop(0)
        if code in (38, 48):
            del numbers[: 2 if numbers[:1] == [5] else 4]
        elif code == 0:
            found.clear()
        elif code in (1, 2, 3, 4):
            found.add({1: "ansi-bold", 2: "ansi-dim", 3: "ansi-italic", 4: "ansi-underline"}[code])
        elif code == 22:
            found -= {"ansi-bold", "ansi-dim"}
        elif 30 <= code <= 37 or 90 <= code <= 97 or code == 39:
            found -= {f"ansi-{name}" for name in NAMES}
            if code != 39:
                found.add(f"ansi-{NAMES[code % 10]}")
    return frozenset(found)
