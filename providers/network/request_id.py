"""The id of the request that work is done for: from the web to the worker, into log lines and to upstreams."""

import contextvars
import os
import re

HEADER = "X-Request-Id"
_PROPER = re.compile(r"[A-Za-z0-9._-]{8,64}")
current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


def taken(given: str) -> str:
    """The id that a proxy or a client sent, where it is one; else a new one."""
    return given if _PROPER.fullmatch(given) else os.urandom(16).hex()
