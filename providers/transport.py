"""The HTTP client of one upstream, guarded and bounded. Imported on first use: httpx2 and aiohttp
take a while. Only `providers/outbound.py` makes these.
"""

import socket
import ssl
import zlib
from collections.abc import AsyncIterable, AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx2
from aiohttp.abc import ResolveResult
from httpx_aiohttp.httpx2 import AiohttpTransport

from providers.addresses import Guard, Origin, canonical
from providers.exceptions import OutboundRefused, UpstreamBroken

MAX_ANSWER_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 10.0
POOL_SIZE = 1000


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


def open_client(origin: Origin, session: aiohttp.ClientSession) -> httpx2.AsyncClient:
    """The client on that pool. No total timeout: callers put `asyncio.timeout` round the exchange."""
    return httpx2.AsyncClient(
        transport=GuardedTransport(origin, session),
        follow_redirects=False,
        trust_env=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        headers={"User-Agent": "AIOps-Console"},
    )


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Serves its own origin alone, and bounds what comes back."""

    def __init__(self, origin: Origin, session: aiohttp.ClientSession) -> None:
        self._origin = origin
        self._inner = AiohttpTransport(client=lambda: session)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url, mine = request.url, self._origin
        port = url.port or (443 if url.scheme == "https" else 80)
        if Origin(url.scheme, canonical(url.raw_host.decode("ascii")), port) != mine:
            raise OutboundRefused(f"This client calls {mine.netloc} alone.")
        request.headers["Accept-Encoding"] = "identity"  # SDKs ask for gzip by themselves
        answer = await self._inner.handle_async_request(request)
        coding = answer.headers.pop("content-encoding", "identity").strip().lower()
        answer.stream = BoundedStream(answer.stream, coding)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


class BoundedStream(httpx2.AsyncByteStream):
    """Decodes by itself, so that a small gzip that holds gigabytes is stopped before it is in memory."""

    def __init__(self, inner: Any, coding: str) -> None:
        self._inner, self._coding = inner, coding

    def __aiter__(self) -> AsyncIterator[bytes]:
        return bounded(self._inner, self._coding)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def bounded(chunks: AsyncIterable[bytes], coding: str = "identity") -> AsyncIterator[bytes]:
    """The decoded bytes, at most `MAX_ANSWER_BYTES`; raises `UpstreamBroken` beyond that."""
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise UpstreamBroken(f"Its answer came in the encoding {coding[:20]!r}, which was not asked for.")
    inflate = None if coding in ("", "identity") else zlib.decompressobj(wbits=47)
    left = MAX_ANSWER_BYTES
    async for chunk in chunks:
        try:
            data = chunk if inflate is None else inflate.decompress(chunk, left + 1)
        except zlib.error as fault:
            raise UpstreamBroken("Its compressed answer can't be read.") from fault
        left -= len(data)
        if left < 0:
            raise UpstreamBroken(f"Its answer is larger than {MAX_ANSWER_BYTES >> 20} MB.")
        if data:
            yield data
