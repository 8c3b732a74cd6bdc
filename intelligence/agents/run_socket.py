"""The console's end of the socket that code in the sandbox speaks through: HTTP on a Unix socket, made for one run
and gone with it. It knows no identity: whoever holds the run answers (`Ask`), with that run's rights alone.

Only the sandbox's own user comes to it: its folder is given to that user and closed to others.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from intelligence.agents import confine

# (method, path, body) -> (status, answer as plain JSON values)
Ask = Callable[[str, str, Any], Awaitable[tuple[int, dict[str, Any]]]]
MOST_BODY, MOST_HEAD, MOST_OPEN = 262_144, 16_384, 8
QUIET_S = 30.0
WORDS = {200: "OK", 202: "Accepted"}


class Refused(Exception):
    """A request that is none; `status` and the sentence that are answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@asynccontextmanager
async def served(ask: Ask) -> AsyncIterator[Path]:
    """The socket's path, while it is served."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="aiops-run-"))
    door = _Door(ask)
    try:
        path = folder / "console"
        server = await asyncio.start_unix_server(door.meet, path, limit=MOST_HEAD)
        await asyncio.to_thread(confine.give, folder)
        try:
            yield path
        finally:
            server.close()
            await door.close()
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


class _Door:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._open: set[asyncio.Task[Any]] = set()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        task = asyncio.current_task()
        if task is None or len(self._open) >= MOST_OPEN:
            return writer.close()
        self._open.add(task)
        try:
            status, answer = await self._answer(reader)
            body = json.dumps(answer, default=str).encode()
            head = f"HTTP/1.1 {status} {WORDS.get(status, 'Refused')}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
        except OSError:
            return None  # it went away
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
        try:
            async with asyncio.timeout(QUIET_S):
                method, path, body = await read(reader)
        except Refused as refused:
            return refused.status, error(refused.message, "invalid_request")
        except TimeoutError:
            return 408, error("The request did not come to its end.", "timeout")
        return await self._ask(method, path, body)

    async def close(self) -> None:
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


async def read(reader: asyncio.StreamReader) -> tuple[str, str, Any]:
    """(method, path, JSON body or None). Errors: Refused."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise Refused(400, "This is no HTTP request.") from None
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[0] not in ("GET", "POST") or not parts[1].startswith("/"):
        raise Refused(400, "This is no request that the console takes.")
    named = dict(line.lower().split(":", 1) for line in lines if ":" in line)
    length = named.get("content-length", "0").strip()
    if not length.isdecimal() or len(length) > 9 or "transfer-encoding" in named:
        raise Refused(400, "A request says how long its body is.")
    if int(length) > MOST_BODY:
        raise Refused(413, f"A request's body is at most {MOST_BODY:,} bytes.")
    try:
        body = await reader.readexactly(int(length))
        return parts[0], parts[1], json.loads(body) if body else None
    except (ValueError, RecursionError):
        raise Refused(400, "The body is no JSON.") from None
    except asyncio.IncompleteReadError:
        raise Refused(400, "The body is shorter than it says.") from None


def error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}
