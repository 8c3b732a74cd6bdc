"""The wires that call through the request methods of an official SDK's client."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from providers.outbound import upstream
from providers.types import Meter
from providers.wires.base import ChatWire


class SdkWire(ChatWire):
    """The SDK brings requests and exceptions; reading the answers stays here, typed and bounded."""

    @abstractmethod
    def _make_client(self, http: httpx2.AsyncClient) -> Any:
        """The SDK's client on our HTTP client, without a key: keys travel with each request."""

    def _client(self) -> Any:
        base_url = self._base_url()
        up = upstream(base_url)
        found = up.sdks.get((type(self).__name__, base_url))
        if found is None:
            found = up.sdks[type(self).__name__, base_url] = self._make_client(up.http)
        return found

    def _options(self) -> dict[str, Any]:
        return {"headers": self._headers(), "timeout": self._limits()}

    async def _post(self, path: str, body: dict[str, Any], meter: Meter | None = None) -> httpx2.Response:
        """The whole answer of a POST."""
        client, options = self._client(), self._options()
        if meter is not None:
            meter.sent = True
        return await client.post(path, body=body, cast_to=httpx2.Response, options=options)

    @asynccontextmanager
    async def _post_stream(self, path: str, body: dict[str, Any], meter: Meter) -> AsyncIterator[httpx2.Response]:
        """The answer of a POST with its body still to be read; leaving closes the connection."""
        client, options = self._client(), self._options()
        meter.sent = True
        answer = await client.post(path, body=body, cast_to=httpx2.Response, options=options, stream=True)
        try:
            yield answer
        finally:
            await answer.aclose()

    async def _get(self, path: str) -> dict[str, Any]:
        """The JSON object that a GET answers."""
        answer = await self._client().get(path, cast_to=httpx2.Response, options=self._options())
        return self._json(answer)
