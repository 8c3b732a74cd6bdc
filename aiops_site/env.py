"""Reads the environment: the process's own wins, then `.env`. Nothing is written back to os.environ,
so that a child process inherits no secret that only stands in the file."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
# Tests set ENV_FILE to nothing, so that a developer's own keys never reach them.
_file = os.environ.get("ENV_FILE", str(ROOT / ".env"))
_from_file = {name: value for name, value in (dotenv_values(_file) if _file else {}).items() if value is not None}
_values: dict[str, str] = {**_from_file, **os.environ}
_asked: dict[str, str] = {}  # name -> what holds where nothing is set


def text(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file that NAME_FILE names."""
    _asked.setdefault(name, default)
    if name in _values:
        return _values[name].strip()
    path = _values.get(f"{name}_FILE", "")
    if not path:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE can't be read: {error.strerror}.") from error


def flag(name: str, default: bool = False) -> bool:
    _asked.setdefault(name, "1" if default else "0")
    value = text(name).lower()
    if value == "":
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def choice(name: str) -> bool | None:
    """1, 0, or not decided."""
    return flag(name) if text(name) else None


def number(name: str, default: float) -> float:
    _asked.setdefault(name, f"{default:g}")
    value = text(name)
    if value == "":
        return default
    try:
        return float(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from error


def whole(name: str, default: int) -> int:
    return int(number(name, default))


def items(name: str, default: str = "") -> list[str]:
    """A comma-separated list, empty parts dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def asked() -> dict[str, str]:
    """Every name that was asked for so far -> what holds where nothing is set."""
    return dict(_asked)


def in_file() -> tuple[str, list[str]]:
    """The file that was read ("" for none), and the names that stand in it."""
    return _file, list(_from_file)


def source(name: str) -> str:
    """Where NAME is set: environment, .env, the file of NAME_FILE; empty where it is not."""
    for spelled, words in ((name, ""), (f"{name}_FILE", "the file of ")):
        if spelled in os.environ:
            return f"{words}{spelled}" if words else "environment"
        if spelled in _from_file:
            return f"{words}{spelled}" if words else ".env"
    return ""
