"""Puts the secrets that a start needs into the git-ignored `.env`. Runs before Django is imported."""

import base64
import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"

HEAD = """\
# Made at the first start. Keep it: without AI_ENCRYPTION_KEY the saved provider keys can't be read.
# Every name can also be set in the environment, which wins, or as NAME_FILE with the path of a file.
"""
MOCK = """\
# Test answers (Mock) for trying the site without a key; everything Mock says is labelled.
AI_ALLOW_MOCK=1
"""
SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "AI_ENCRYPTION_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


def ensure_secrets(path: Path | None = None) -> bool:
    """Writes the secrets that `path` (mode 600) lacks and says if it wrote. Never changes one that is there.

    Where the environment brings a secret, somebody else keeps them and no file is touched. ENV_FILE names
    another file; an empty ENV_FILE means none. SystemExit with a sentence when the file can't be written.
    """
    if path is None:
        named = os.environ.get("ENV_FILE", str(ENV_FILE))
        if not named:
            return False
        path = Path(named)
    given = {name for name in SECRETS if {name, f"{name}_FILE"} & set(os.environ)}
    if given or not _missing(path):
        return False
    try:
        return _write(path)
    except OSError as error:
        raise SystemExit(
            f"The secrets can't be written to {path}: {error.strerror}. Make it writable, "
            f"or set {' and '.join(SECRETS)} in the environment."
        ) from error


def _missing(path: Path) -> list[str]:
    there = dotenv_values(path) if path.exists() else {}
    return [name for name in SECRETS if not there.get(name) and not there.get(f"{name}_FILE")]


def _write(path: Path) -> bool:
    """Under a lock, so that of two first starts at once one writes and the other finds it written."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        missing = _missing(path)
        if not missing:
            return False
        os.fchmod(descriptor, 0o600)
        file.seek(0)
        before = file.read()
        lines = "".join(f"{name}={SECRETS[name]()}\n" for name in missing)
        file.write(("" if before.endswith("\n") else "\n") + lines if before else HEAD + lines + MOCK)
    return True
