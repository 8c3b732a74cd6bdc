"""What is known of a failure, made ready for whoever proposes a fix: redacted, reduced, nothing else."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from intelligence import analyst
from intelligence.analysis.reducer import reduce_log
from intelligence.logs import logbook
from intelligence.models import Deployment
from jules.monitoring import monitoring
from providers.guard import Redactor

MOST_LOG = 10_000  # characters that are kept
MOST_READ = 8 * 1024 * 1024  # bytes of the log's end that are looked at
MOST_FILES = 12
EVIDENCE = 20
TOKEN = re.compile(r"[\w@.+-]+(?:/[\w@.+-]+)*\.\w{1,8}")
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)|[\x00-\x08\x0b-\x1f\x7f]")
INVISIBLE = re.compile(r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def _collect_failure_context(
    deployment: Deployment, redactor: Redactor, paths: Iterable[str] = (), said: str = ""
) -> dict[str, Any]:
    """{log, cause, findings, evidence, files, reason, monitoring}. `paths`: all files of the repository;
    `said`: what the failing command said when it was run again. Secrets go before anything is cut. Sync."""
    start = max(0, deployment.log_bytes - MOST_READ)
    raw = b"".join(logbook.stream(deployment, start)).decode("utf-8", "replace")
    whole = f"{raw.rstrip()}\n{said}".strip() if said.strip() not in raw else raw  # one failure, told once
    text = plain(redactor.whole(whole))
    found = analyst.analyse(text, redact=redactor.whole)
    patterns = [
        {"code": p.code, "confidence": p.confidence, "lines": list(p.lines), "quote": p.quote[:500]}
        for p in found.patterns[:8]
    ]
    return {
        "log": reduce_log(text, MOST_LOG, redactor.whole),
        "reason": redactor.whole(deployment.reason),
        "cause": found.cause if found.patterns else "",
        "findings": patterns,
        "evidence": evidence(text, [p["lines"] for p in patterns[:1]]),
        "files": files_named(text, paths),
        "monitoring": monitoring(deployment.service, redactor.whole),
    }


def plain(text: str) -> str:
    """Without colours, control and invisible characters."""
    return INVISIBLE.sub("", ANSI.sub("", text.replace("\r\n", "\n")))


def evidence(text: str, places: list[list[int]]) -> list[str]:
    """At most EVIDENCE lines that prove the cause: around the first finding, else how the log ends."""
    lines = text.rstrip("\n").split("\n")
    if places:
        first = max(0, places[0][0] - 12)
        lines = lines[first : first + EVIDENCE]
    return [line[:300] for line in lines if line.strip()][-EVIDENCE:]


def files_named(text: str, paths: Iterable[str]) -> list[str]:
    """Files of the repository that the log names, the last named first."""
    tree = set(paths)
    by_ending: dict[str, list[str]] = {}
    for path in tree:
        by_ending.setdefault(path.rpartition("/")[2], []).append(path)
    found: dict[str, None] = {}
    for token in reversed(TOKEN.findall(text[-200_000:])):
        path = token.removeprefix("./").removeprefix("work/")
        near = [p for p in by_ending.get(path.rpartition("/")[2], []) if p == path or path.endswith(f"/{p}")]
        if len(near) == 1:
            found.setdefault(near[0])
    return list(found)[:MOST_FILES]


def texts(paths: Mapping[str, bytes]) -> dict[str, str]:
    """The readable ones, as text."""
    made = {}
    for path, data in paths.items():
        if b"\0" not in data:
            try:
                made[path] = data.decode("utf-8").replace("\r\n", "\n")
            except UnicodeDecodeError:
                continue
    return made
