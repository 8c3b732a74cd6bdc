"""The one place that makes HTTP clients: every call that leaves the process goes through here.

`upstream(url)` gives the client of that URL's origin on the running loop: one connection pool per
process and upstream. The client refuses private addresses at connect time, follows no redirects,
keeps no cookies, ignores proxy variables, verifies TLS and bounds the size of an answer.
Call `configure()` at start; without it no private address is open.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from providers.network.addresses import Guard, Origin
from providers.runtime import loop as process_loop

if TYPE_CHECKING:
    import aiohttp

    from providers.network.transport import Answer

__all__ = ["Guard", "Origin", "Upstream", "aclose_all", "configure", "guard", "upstream"]

# More origins than a site has providers, forges and hooks; beyond it the longest unused is closed.
MAX_UPSTREAMS = 128


@dataclass(slots=True, eq=False)
class Upstream:
    """One origin on one loop, and its connection pool."""

    origin: Origin
    session: "aiohttp.ClientSession"
    loop: asyncio.AbstractEventLoop

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> "Answer":
        """Sends one request; the answer's body is still to be read. `more`: `json_body` or `body`, `connect_s`;
        errors as of `transport.send`."""
        from providers.network import transport

        return await transport.send(self.session, self.origin, method, url, headers=headers or {}, **more)

    async def aclose(self) -> None:
        await self.session.close()

    def close_soon(self) -> None:
        """Closes on its own loop; a loop that has ended took its connections with it."""
        if self.loop.is_running():
            asyncio.run_coroutine_threadsafe(self.aclose(), self.loop)


_guard = Guard()
_upstreams: dict[asyncio.AbstractEventLoop, dict[Origin, Upstream]] = {}


def configure(private_hosts: Iterable[str] = ()) -> None:
    """Sets the private hosts that are open (`host` or `host:port`). Clients made under the old rules are
    closed. Raises `InvalidInput` for an entry that is neither."""
    global _guard
    _guard = Guard(private_hosts)
    for known in list(_upstreams.values()):
        while known:
            known.popitem()[1].close_soon()


def guard() -> Guard:
    """The rules in force."""
    return _guard


def upstream(url: str) -> Upstream:
    """The client of that URL's origin on the running loop; raises `OutboundRefused`."""
    origin = _guard.check_url(url)
    loop = asyncio.get_running_loop()
    if loop not in _upstreams:
        _drop_ended_loops()
    known = _upstreams.setdefault(loop, {})
    found = known.pop(origin, None) or _open(origin, loop)
    known[origin] = found  # last in the dict, so that the first is the longest unused
    if len(known) > MAX_UPSTREAMS:
        known.pop(next(iter(known))).close_soon()
    return found


async def aclose_all() -> None:
    """Closes the clients of the running loop."""
    known = _upstreams.pop(asyncio.get_running_loop(), {})
    for one in known.values():
        await one.aclose()


process_loop.on_stop(aclose_all)


def _drop_ended_loops() -> None:
    for loop in [one for one in _upstreams if one.is_closed()]:
        del _upstreams[loop]


def _open(origin: Origin, loop: asyncio.AbstractEventLoop) -> Upstream:
    from providers.network import transport

    session = transport.open_session(origin, _guard, trusted())
    return Upstream(origin, session, loop)


@cache
def trusted() -> ssl.SSLContext:
    """Python's default trust: the system's store, or what SSL_CERT_FILE or SSL_CERT_DIR names. Read once for the
    whole process, as that takes 50 ms."""
    return ssl.create_default_context()
