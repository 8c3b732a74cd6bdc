"""One git command: a clean environment, a token that no process list shows, one address, and limits.

Nothing of the machine's git settings, hooks, helpers or proxies has any effect. The token travels as a header in
the child's environment, for the remote's own origin only; git follows no redirect. The host's address is checked
by the outbound guard and pinned, so that a second look-up can't lead elsewhere.
"""

import asyncio
import base64
import os
import re
import shutil
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from providers.exceptions import AIServiceError, OutboundRefused
from providers.network.addresses import Guard, Origin

MOST_OUTPUT = 64 * 1024 * 1024
LOOK_S = 0.5
AUTHOR = {"NAME": "AIOps Console", "EMAIL": "aiops-console@users.noreply.invalid"}
CREDENTIALS = re.compile(r"(https?://)[^/\s@]+@", re.IGNORECASE)
CONFIG: Mapping[str, str] = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.attributesFile": os.devnull,
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "http.proxy": "",
    "maintenance.auto": "false",
    "protocol.version": "2",
    "safe.directory": "*",
    "submodule.recurse": "false",
    "transfer.fsckObjects": "true",
}
# what git says -> (may go away by itself, what we say)
SAID: Sequence[tuple[str, bool, str]] = (
    ("Remote branch", False, "The repository has no such branch."),
    ("couldn't find remote ref", False, "The repository has no such branch."),
    ("Authentication failed", False, "The git server refuses the token. Save a token that may read and push."),
    ("could not read Username", False, "The git server asks for a token, and this service has none saved."),
    ("returned error: 403", False, "The git server refuses: the token may not do this here (403)."),
    ("returned error: 401", False, "The git server refuses the token (401)."),
    ("not found", False, "The git server knows no such repository, or hides it from this token."),
    ("returned error: 404", False, "The git server knows no such repository, or hides it from this token."),
    ("stale info", False, "Somebody else pushed to the branch meanwhile; it is left alone."),
    ("[rejected]", False, "The git server rejected the push."),
    ("remote rejected", False, "The git server rejected the push."),
    ("protected branch", False, "The branch is protected on the git server."),
    ("fsck error", False, "The repository holds objects that git's own check refuses."),
    ("SSL certificate", False, "The git server's certificate can't be trusted."),
    (
        "unable to update url base from redirection",
        False,
        "The git server redirects elsewhere; that is not followed.",
    ),
    ("Could not resolve host", True, "The git server's name does not resolve."),
    ("Failed to connect", True, "The git server can't be reached."),
    ("Connection refused", True, "The git server can't be reached."),
    ("timed out", True, "The git server did not answer in time."),
    ("returned error: 429", True, "The git server asks to wait (429)."),
    ("returned error: 5", True, "The git server has a fault of its own (5xx)."),
    ("early EOF", True, "The git server cut the connection."),
    ("hung up unexpectedly", True, "The git server cut the connection."),
    ("RPC failed", True, "The git server cut the connection."),
)


class GitError(AIServiceError):
    """`retryable`: the same command may succeed in a moment. `detail`: git's own words, without credentials."""

    http_status = 502
    type = "git_error"
    code = "git_failed"

    def __init__(self, message: str, *, retryable: bool = False, detail: str = "") -> None:
        super().__init__(message)
        self.retryable, self.detail = retryable, detail  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository on a server. `user` is what the forge wants beside a token."""

    url: str
    token: str = field(repr=False, default="")
    user: str = "x-access-token"

    @property
    def header(self) -> str:
        pair = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        return f"Authorization: Basic {pair}" if self.token else ""


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git in one folder. `guard` decides which addresses may be called."""

    folder: Path
    guard: Guard
    timeout_s: float = 300.0
    most_disk: int = 2 * 1024**3

    async def run(
        self,
        *arguments: str,
        remote: Remote | None = None,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        config: Mapping[str, str] | None = None,
    ) -> bytes:
        """What git wrote. Errors: GitError with a sentence; OutboundRefused: that address may not be called."""
        settings = {**CONFIG, **(config or {})}
        protocols = ""
        if remote is not None:
            origin = self.guard.check_url(remote.url)
            settings |= await self._to(origin, remote)
            protocols = origin.scheme
        program = shutil.which("git", path="/usr/local/bin:/usr/bin:/bin")
        if program is None:
            raise GitError("git is not installed on this machine (Debian, Ubuntu: apt-get install git).")
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            cwd=self.folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**self._environment(settings, protocols), **(environment or {})},
            start_new_session=True,
        )
        return await self._finish(process, arguments[0], stdin, bool(remote and remote.token))

    async def _finish(
        self, process: asyncio.subprocess.Process, verb: str, stdin: bytes, with_token: bool
    ) -> bytes:
        talk = asyncio.create_task(process.communicate(stdin))
        watch = asyncio.create_task(self._too_big())
        try:
            done, _ = await asyncio.wait(
                {talk, watch}, timeout=self.timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            watch.cancel()
            if not talk.done():
                _kill(process)
                await asyncio.gather(talk, return_exceptions=True)
        if talk not in done:
            what = "The repository is larger than is allowed here." if watch in done else "git took too long."
            raise GitError(what, retryable=watch not in done)
        out, err = talk.result()
        if process.returncode:
            said = (out + err if verb == "push" else err).decode("utf-8", "replace")  # push tells refs on stdout
            raise failure(
                verb, said.replace("could not read Username", "Authentication failed") if with_token else said
            )
        if len(out) > MOST_OUTPUT:
            raise GitError("git answered more than is allowed here.")
        return out

    async def _too_big(self) -> None:
        """Returns once the folder is larger than allowed."""
        while await asyncio.to_thread(size_of, self.folder) <= self.most_disk:  # noqa: ASYNC110 - a disk has no event
            await asyncio.sleep(LOOK_S)

    async def _to(self, origin: Origin, remote: Remote) -> dict[str, str]:
        """The one address that may be connected to, and the token for that origin alone."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise GitError(f"{origin.host} does not resolve.", retryable=True) from error
        addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
        for address in addresses:
            self.guard.check_address(origin, address)
        if not addresses:
            raise OutboundRefused(f"{origin.host} has no address.")
        first = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        pinned = {"http.curloptResolve": f"{origin.host}:{origin.port}:{first}"}
        if remote.header:
            pinned[f"http.{origin.scheme}://{origin.netloc}/.extraHeader"] = remote.header
        return pinned

    def _environment(self, settings: Mapping[str, str], protocols: str) -> dict[str, str]:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_ALLOW_PROTOCOL": protocols or "none",
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for role in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{role}_{name}": value for name, value in AUTHOR.items()}
        for n, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{n}": key, f"GIT_CONFIG_VALUE_{n}": value}
        return environment


def failure(verb: str, said: str) -> GitError:
    """git's words as one of our sentences."""
    detail = CREDENTIALS.sub(r"\1", said)[-2_000:]
    for words, again, sentence in SAID:
        if words.lower() in said.lower():
            return GitError(sentence, retryable=again, detail=detail)
    last = next((line for line in reversed(detail.strip().splitlines()) if line.strip()), "no reason given")
    return GitError(f"git {verb} failed: {last[:300]}", detail=detail)


def size_of(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue  # gone between listing and looking
    return total


def _kill(process: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
