"""The gate over MCP: what the official client sees through the real ASGI application."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from intelligence.agents import mcp_server, roster
from intelligence.models import Approval
from providers.models import AuditEntry

mcp = pytest.importorskip("mcp")
pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture
def token(everyone, service) -> str:
    from intelligence.agents import credentials

    _, key = roster.create(everyone["mara"], "outside", "ivo", ["read", "write"])
    return credentials.for_key(key, None, None, "127.0.0.1")[0]


def with_client(url: str, token: str, work: Any) -> Any:
    """Runs `work(client)` with the official client, initialised."""
    from mcp.client.streamable_http import streamable_http_client

    async def main() -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{url}{mcp_server.PATH}", http_client=http)
            async with mcp.Client(transport) as client:
                return await work(client)

    return asyncio.run(asyncio.wait_for(main(), 30))


def test_the_official_client_lists_and_calls_what_reads(site, token, ran):
    async def work(client: Any) -> Any:
        listed = await client.list_tools()
        good = await client.call_tool("look", {"name": "api"})
        wrong = await client.call_tool("look", {"name": 5})
        hidden = await client.call_tool("note", {"text": "x"})
        return listed, good, wrong, hidden

    listed, good, wrong, hidden = with_client(site.url, token, work)
    assert [one.name for one in listed.tools] == ["look"]
    assert listed.tools[0].input_schema["required"] == ["name"] and listed.tools[0].annotations.read_only_hint
    assert good.structured_content == {"result": {"seen": "api"}} and not good.is_error
    assert json.loads(good.content[0].text) == good.structured_content
    assert wrong.is_error and wrong.structured_content["error"]["code"] == "invalid_input"
    assert hidden.is_error and hidden.structured_content["error"]["code"] == "not_found"
    assert ran == [("look", "api", "ivo")]
    entry = AuditEntry.objects.get(action="tool.call")
    assert entry.surface == "api" and entry.object_label == "outside" and entry.address == "127.0.0.1"


def test_what_changes_something_is_offered_where_the_site_says_so_and_waits_for_a_person(
    site, token, settings, ran
):
    settings.OPS_MCP_WRITE = True

    async def work(client: Any) -> Any:
        return [one.name for one in (await client.list_tools()).tools], await client.call_tool(
            "mark", {"service": "checkout-api"}
        )

    names, asked = with_client(site.url, token, work)
    assert names == ["look", "mark", "note"] and ran == []
    assert asked.structured_content["approval_id"] == str(Approval.objects.get().pk) and not asked.is_error


def post(url: str, headers: dict[str, str]) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    return httpx2.post(f"{url}{mcp_server.PATH}", json=body, headers={**accept, **headers}, timeout=20)


def test_who_has_no_token_of_the_ops_api_is_refused_before_the_protocol(site, token, everyone, monkeypatch):
    from providers.access.identity import make_token

    _, users = make_token(everyone["mara"], "mine")
    for header in ({}, {"Authorization": f"Bearer {users}"}, {"Authorization": f"Bearer {token}x"}):
        refused = post(site.url, header)
        assert refused.status_code == 401 and refused.headers["WWW-Authenticate"] == "Bearer"
        assert refused.json()["error"]["type"] == "authentication_error"
    good = {"Authorization": f"Bearer {token}"}
    assert post(site.url, good).status_code == 200
    assert post(site.url, {**good, "Origin": "https://evil.test"}).status_code == 403
    assert post(site.url, {**good, "Host": "evil.test"}).status_code == 400
    assert AuditEntry.objects.filter(action="token.refuse").count() == 3
    monkeypatch.setattr(mcp_server, "find_spec", lambda name: None)
    missing = post(site.url, good)
    assert missing.status_code == 503 and "requirements-mcp.txt" in missing.json()["error"]["message"]
