"""How loudly a line speaks, and when: its level, its time, and whether it is only an echo of something else."""

import re

ERROR, WARNING, CALM, ECHO = 2, 1, 0, -1
# What passed, what is only being run, lines of source, and titles of commits may hold any word.
_ECHO_WORDS = (b"PASSED", b"... ok", b"--- PASS", b"XFAIL", b"xfail", b"PASS]", b"SUCCESS]", b"PASS:", b"SUCCESS:")
_ECHO_WORDS += (
    b"logger.",
    b"logging.",
    b"Merge pull request",
    b"Merge branch",
    b"Building C object",
    b"Building CXX",
    b"Python is likely shutting down",
)
_ECHO = re.compile(
    rb"\s*(?:\xe2\x9c\x93|\xe2\x9c\x94|\xe2\x88\x9a|ok \d+\b|PASS\b|\++ \S|\$ \S)"
    rb"|\s*(?:CC|LD|AR|CXX|AS)(?: \[M\])? +\S+\.[oa]$"
    rb"|\s*[-*] (?:fix|feat|docs|chore|test|refactor)\b|Step \d+/\d+ :|#\d+ \[.*\] (?:RUN|COPY)|HEAD is now at"
    rb"|\[\S+ [0-9a-f]{7,40}\] "
    rb"|(?:\* )?[0-9a-f]{7,40} |ok  ?\t|[>\s]\s+[\w.\[\]]+(?:: [\w\[\], .|]+)? = "
    rb"|[>\s]\s+(?:raise|return|except|elif|if|for|while|with|try|def|assert|await|throw|const|let|var)\b"
)
_SERVED = re.compile(rb"HTTP/[\d.]+\" ?[123]\d\d ")
# What runners put before each line: CI and container timestamps, the name of a container, syslog, BuildKit.
_PUT_BEFORE = re.compile(
    rb"\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,\d]*(?:Z|[+-]\d\d:?\d\d)\]? (?:std(?:out|err) F )?(?:\w+\[[\w.]+\]: )?"
    rb"|[\w.-]+[-_]\d+ +\| |#\d+ \d+\.\d+ |\d\d:\d\d:\d\d\.\d{3} (?:\| )?"
    rb"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./-]+(?:\[\d+\])?: "
)
_LEVEL = re.compile(
    rb"(?:^|[\s\[\"'=:|(/<])(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|CRIT|FATAL"
    rb"|SEVERE|PANIC|ALERT|EMERG)(?=[\s\]\"',:|)/>&]|$)"
    rb"|(?:^|^npm |[\[\"'=<|])(?P<small>trace|debug|info|notice|warn|warning|error|crit"
    rb"|critical|fatal|panic|alert|emerg)"
    rb"(?=[\s\]\"',:|)/>&]|$)"
)
_NUMBERED = re.compile(rb"^(?P<apt>W): |\"level\": ?(?P<number>\d\d)\b|^(?P<letter>[IWEF])\d{4} \d\d:")
_TIMES = re.compile(
    rb"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
    rb"|\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"
)
_CALM_WORDS = {"trace", "debug", "info", "notice"}
_WARNING_WORDS = {"warn", "warning"}


def own(line: bytes) -> bytes:
    """The line without what a runner put before it."""
    before = _PUT_BEFORE.match(line)
    return line[before.end() :] if before else line


def level(line: bytes) -> int:
    """2 error or unmarked, 1 warning, 0 information, -1 an echo that never counts."""
    if (
        _ECHO.match(line)
        or any(word in line for word in _ECHO_WORDS)
        or (b"HTTP/" in line and _SERVED.search(line))
    ):
        return ECHO
    head = line[:200]
    if marked := _NUMBERED.search(head):
        letter = marked["letter"] or marked["apt"]
        number = int(marked["number"]) if marked["number"] else {b"I": 30, b"W": 40}.get(letter, 50)
        return ERROR if number >= 50 else WARNING if number >= 40 else CALM
    if marked := _LEVEL.search(head):
        word = (marked["level"] or marked["small"]).decode().lower()
        return CALM if word in _CALM_WORDS else WARNING if word in _WARNING_WORDS else ERROR
    return ERROR


def time(line: bytes) -> str:
    """The time that the line itself tells, as it stands there; empty where it tells none."""
    found = _TIMES.search(line[:300])
    return found[0].decode("ascii") if found else ""
