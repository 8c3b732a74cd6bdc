"""How a request goes to one upstream: guarded when it connects, bounded in what comes back. Imported on first use:
aiohttp takes a while. Only `providers/network/outbound.py` makes these.
"""

import codecs
import json
import socket
import ssl
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from functools import lru_cache
from typing import Any

import aiohttp
from aiohttp.abc import ResolveResult
from yarl import URL

from providers.exceptions import OutboundRefused, UpstreamBroken
from providers.network import request_id
from providers.network.addresses import Guard, Origin, canonical

MAX_ANSWER_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 10.0
POOL_SIZE = 1000
# What goes wrong on the way: the connection, the protocol, a time limit of the client.
FAULTS = (aiohttp.ClientError, OSError)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
PLAIN = ("", "identity")


def open_session(origin: Origin, rules: Guard, tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """A connection pool for that origin; refuses a private address when it connects."""

    def open_socket(info: tuple[Any, ...]) -> socket.socket:
        # The final address, whatever name, spelling or changed DNS answer led to it.
        family, kind, proto, _, address = info
        rules.check_address(origin, address[0])
        return socket.socket(family, kind, proto)

    connector = aiohttp.TCPConnector(
        ssl=tls, limit=POOL_SIZE, resolver=GuardedResolver(origin, rules), socket_factory=open_socket
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        headers={"User-Agent": "AIOps-Console", "Accept-Encoding": "identity", "Accept": "application/json"},
    )


class GuardedResolver(aiohttp.ThreadedResolver):
    """Refuses a name as soon as one of its addresses is private: an honest public name has none."""

    def __init__(self, origin: Origin, rules: Guard) -> None:
        super().__init__()
        self._origin, self._rules = origin, rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        for one in found:
            self._rules.check_address(self._origin, one["host"])
        return found


async def send(
    session: aiohttp.ClientSession,
    origin: Origin,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    json_body: Any = None,
    body: bytes | None = None,
    connect_s: float = CONNECT_SECONDS,
) -> "Answer":
    """Sends one request and waits for the head of its answer. No time limit but the connecting: callers put
    `asyncio.timeout` round the exchange. Errors: FAULTS, OutboundRefused, UnicodeEncodeError (lone surrogates)."""
    data = body
    if asked_for := request_id.current.get():
        headers = {**headers, request_id.HEADER: asked_for}
    if json_body is not None:
        data = _JSON.encode(json_body).encode()
        headers = {**headers, "Content-Type": "application/json"}
    answer = await session.request(
        method,
        _own_url(origin, url),
        headers=headers,
        data=data,
        allow_redirects=False,
        timeout=_connecting(connect_s),
    )
    return Answer(answer)


@lru_cache(maxsize=256)
def _own_url(origin: Origin, text: str) -> URL:
    """The URL as it is requested; a session serves its own origin alone."""
    url = URL(text)
    if Origin(url.scheme, canonical(url.raw_host or ""), url.port or 0) != origin:
        raise OutboundRefused(f"This client calls {origin.netloc} alone.")
    return url


@lru_cache(maxsize=64)
def _connecting(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds)


class Answer:
    """An answer whose body is still to be read; `close` it, or read it to its end, and the connection is free."""

    def __init__(self, inner: aiohttp.ClientResponse) -> None:
        self._inner, self._body = inner, b""
        self.status_code, self.headers = inner.status, inner.headers

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, decoded, at most `MAX_ANSWER_BYTES`; raises `UpstreamBroken` beyond that."""
        coding = self.headers.get("Content-Encoding", "").strip().lower()
        if coding not in PLAIN:
            async for chunk in bounded(self._inner.content.iter_any(), coding):
                yield chunk
            return
        left = MAX_ANSWER_BYTES
        while chunk := await self._inner.content.readany():
            left -= len(chunk)
            if left < 0:
                raise too_large()
            yield chunk

    async def read(self) -> bytes:
        """The whole body; `text` has it too from then on."""
        self._body = b"".join([chunk async for chunk in self.chunks()])
        return self._body

    @property
    def text(self) -> str:
        """What was read, in the character set that it came in."""
        try:
            charset = codecs.lookup(self._inner.charset or "utf-8").name
        except LookupError:
            charset = "utf-8"
        return self._body.decode(charset, "replace")

    def close(self) -> None:
        """Gives the connection back where the answer was read to its end, else ends it."""
        if self._inner.content.at_eof():
            self._inner.release()
        else:
            self._inner.close()


async def bounded(chunks: AsyncIterable[bytes], coding: str = "identity") -> AsyncIterator[bytes]:
    """The decoded bytes, at most `MAX_ANSWER_BYTES`; raises `UpstreamBroken` beyond that.

    Decodes by itself, so that a small gzip that holds gigabytes is stopped before it is in memory.
    """
    if coding not in (*PLAIN, "gzip", "x-gzip", "deflate"):
        raise UpstreamBroken(f"Its answer came in the encoding {coding[:20]!r}, which was not asked for.")
    inflate = None if coding in PLAIN else zlib.decompressobj(wbits=47)
    left = MAX_ANSWER_BYTES
    async for chunk in chunks:
        try:
            data = chunk if inflate is None else inflate.decompress(chunk, left + 1)
        except zlib.error as fault:
            raise UpstreamBroken("Its compressed answer can't be read.") from fault
        left -= len(data)
        if left < 0:
            raise too_large()
        if data:
            yield data


def too_large() -> UpstreamBroken:
    return UpstreamBroken(f"Its answer is larger than {MAX_ANSWER_BYTES >> 20} MB.")
