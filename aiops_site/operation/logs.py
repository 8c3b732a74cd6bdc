"""One JSON object per log line, with the request id. Text from outside can't start a new line.

Two walls keep secrets and prompts out at every LOG_LEVEL: libraries are heard from WARNING on only (at DEBUG
they print headers, bodies and task arguments), and what looks like a credential is masked in every line.
"""

import datetime
import json
import logging
import re

from providers.network.request_id import current as request_id

OURS = frozenset({"aiops_site", "jules", "intelligence", "senate", "providers"})
CHATTY_FROM = {"celery": logging.INFO}  # libraries whose lines below WARNING tell about the site's own work
# One or two lines for each tick of the schedule, 40 MB a day: below WARNING only those of what somebody asked for.
TICKS = frozenset({"celery.beat", "celery.worker.strategy", "celery.app.trace"})
STRANGERS = "django.security.DisallowedHost"  # the sentence says it all, and anybody can cause it

MASK = "***"
_CREDENTIALS = [
    # A header or setting by its name: the rest of its value.
    (
        re.compile(
            r"""(?ix)\b((?:proxy-)?authorization|x-(?:goog-)?api-key|api[_-]?key|set-cookie|cookie|password)
                (["']?\s*[:=,]\s*[bB]?["']?)((?:bearer|token|basic)\s+)?[^\s"',;}&]+"""
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+(?=\S*\d)[\w.~+/=-]{12,}"), rf"\1 {MASK}"),
    (re.compile(r"(://)[^/\s@:]*:[^/\s@]+@"), rf"\1{MASK}@"),
    (re.compile(r"\b(?:sk|pk|gsk|xai|hf|ghp|glpat|nvapi|github_pat)[-_][\w-]{12,}|\bAIza[\w-]{20,}"), MASK),
]


def scrub(text: str) -> str:
    """The text with `***` in place of what looks like a credential."""
    for pattern, instead in _CREDENTIALS:
        text = pattern.sub(instead, text)
    return text


class RequestIdFilter(logging.Filter):
    """Adds the request id, where the line brings none. Drops what libraries say below WARNING."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django tells of a refused request when the middleware is through with it, and brings the request along.
        brought = getattr(record, "request_id", "") or getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = brought or request_id.get()
        source = record.name.split(".", 1)[0]
        if record.name in TICKS and not record.request_id:
            return record.levelno >= logging.WARNING
        return source in OURS or record.levelno >= CHATTY_FROM.get(source, logging.WARNING)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        if getattr(record, "request_id", ""):
            line["request_id"] = record.request_id
        if record.exc_info and record.name != STRANGERS:
            line["exception"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
