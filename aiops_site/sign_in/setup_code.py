"""The one-time code of the first visit: printed in the terminal, kept as a hash, changed after wrong tries.

It lives in a file of mode 600 under DATA_DIR, so that every process of this installation agrees on it.
"""

import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from aiops_site.supervisor import address

WRONG_TRIES = 5
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@contextmanager
def _kept() -> Iterator[dict[str, Any]]:
    """The stored state under an exclusive lock; what the caller leaves in it is written back."""
    descriptor = os.open(settings.DATA_DIR / "setup-code.json", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        state = json.loads(file.read() or "{}")
        yield state
        file.seek(0)
        file.truncate()
        json.dump(state, file)


def _fresh() -> dict[str, Any]:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return {"code": f"{letters[:4]}-{letters[4:]}", "wrong": 0}


def current() -> str:
    """The code that the terminal shows; made on first use."""
    with _kept() as state:
        if not state:
            state.update(_fresh())
        return state["code"]


def matches(given: str) -> bool:
    """True once for the right code. After five wrong ones the code changes (the terminal shows the new one)."""
    cleaned = given.strip().upper().replace(" ", "")
    with _kept() as state:
        if not state:
            state.update(_fresh())
        if hmac.compare_digest(cleaned.encode(), state["code"].encode()):
            return True
        state["wrong"] += 1
        if state["wrong"] >= WRONG_TRIES:
            state.clear()
            state.update(_fresh())
        return False


def announce() -> str:
    """The line for the terminal."""
    site = address.shown(settings.HOST, settings.PORT, settings.ALLOWED_HOSTS)
    return f"First visit: open {site}/setup/ and enter the code {current()}"
