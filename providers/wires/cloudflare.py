"""The Cloudflare Workers AI wire: the OpenAI dialect under the account's address, in Cloudflare's envelope
where something goes wrong. The list of models is Cloudflare's own.
"""

import re
from typing import Any

from providers.exceptions import OutboundRefused
from providers.types import Meter, ModelInfo, Reply
from providers.wires.base import words
from providers.wires.openai_chat import OpenAIChatWire
from providers.wires.usage import section

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
MODELS = "/models/search?task=Text%20Generation&per_page=100"


class CloudflareWire(OpenAIChatWire):
    chat_path = "/v1/chat/completions"

    def _base_url(self) -> str:
        account = self.connection.account_id
        if not _ACCOUNT.fullmatch(account):
            raise OutboundRefused("its account id is missing or is none. Save it in Settings > AI.")
        return f"{self.connection.base_url}/accounts/{account}/ai"

    def _read_whole(self, data: dict[str, Any], meter: Meter) -> Reply:
        return super()._read_whole(self._opened(data), meter)

    def _read_chunk(self, chunk: dict[str, Any], meter: Meter) -> str:
        return super()._read_chunk(self._opened(chunk), meter)

    def _opened(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is in the envelope, where there is one."""
        if data.get("success") is False or (data.get("errors") and "choices" not in data):
            raise self._refused(data)
        return section(data, "result") if "result" in data and "choices" not in data else data

    async def _models(self) -> list[ModelInfo]:
        rows = (await self._get(MODELS)).get("result")
        if not isinstance(rows, list):
            raise self._broken("its list of models has no result")
        return [
            ModelInfo(row["name"], _retires_on(row))
            for row in rows
            if isinstance(row, dict) and words(row.get("name"))
        ]


def _retires_on(row: dict[str, Any]) -> str:
    properties = row.get("properties")
    for one in properties if isinstance(properties, list) else ():
        if isinstance(one, dict) and one.get("property_id") == "planned_deprecation_date":
            return words(one.get("value"), len("2026-01-01"))
    return ""
