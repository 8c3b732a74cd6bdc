"""The gate as an MCP server, over streamable HTTP at /api/v1/ops/mcp, for agents that speak MCP.

The official SDK (docs/deploy/requirements-mcp.txt) has the protocol; who asks is looked at before it, and every
call passes the gate like any other. Only tools that read are offered unless `OPS_MCP_WRITE` says otherwise.
Requests stand alone: no session is kept, any process answers. ASGI servers without a lifespan (Daphne) need the
SDK's tasks started here.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from intelligence.agents import credentials, gate, tokens
from intelligence.agents.callers import Caller
from providers.exceptions import AIServiceError, InvalidInput, NotAllowed, NotConfigured, NotFound
from providers.runtime.hop import hop
from providers.trail import audit

PATH = "/api/v1/ops/mcp"
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MISSING = "MCP is not installed here: pip install -r docs/deploy/requirements-mcp.txt."
logger = logging.getLogger(__name__)
_managers: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
_tasks: set[asyncio.Task[None]] = set()


async def mcp_lane(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application: refuses who may not ask in the errors' shape of the API, else lets the SDK answer."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        if find_spec("mcp") is None:
            raise NotConfigured(MISSING, code="mcp_missing")
        _check_host(headers)
        scope["caller"] = await hop(_caller, headers, _address(scope))
        manager = await _manager()
    except AIServiceError as error:
        await _refuse(send, error)
        return
    await manager.handle_request(scope, receive, send)


def _check_host(headers: dict[str, str]) -> None:
    """The Host must be ours, and a browser's Origin too: else a page of somebody else could reach us by name."""
    host, _ = split_domain_port(headers.get("host", ""))
    allowed = settings.ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
    if not host or not validate_host(host, allowed):
        raise InvalidInput("This host name is not one of this site.", code="unknown_host")
    if (origin := headers.get("origin")) and urlsplit(origin).netloc != headers.get("host"):
        raise NotAllowed("Requests of other sites' pages are refused.", code="foreign_origin")


def _address(scope: Scope) -> str:
    return (scope.get("client") or ("",))[0] or ""


def _caller(headers: dict[str, str], address: str) -> Caller:
    """Errors: TokenRefused."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer" or not tokens.is_one(token.strip()):
            raise tokens.TokenRefused("no_ops_token", "Send a token of POST /api/v1/ops/token/ as Bearer.")
        return credentials.caller_of(token.strip())
    except tokens.TokenRefused as error:
        credentials.note_wrong("ops_token", error.why, address)
        raise


async def _refuse(send: Send, error: AIServiceError) -> None:
    body = json.dumps({"error": error.as_dict()}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if error.http_status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _manager() -> Any:
    """The SDK's, whose tasks run in this loop; made at the first request."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    loop = asyncio.get_running_loop()
    if loop not in _managers:
        manager = StreamableHTTPSessionManager(_server(), json_response=True, stateless=True)
        ready: asyncio.Future[Any] = loop.create_future()
        _managers[loop] = ready
        task = loop.create_task(_kept(loop, manager, ready))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    return await asyncio.shield(_managers[loop])


async def _kept(loop: asyncio.AbstractEventLoop, manager: Any, ready: "asyncio.Future[Any]") -> None:
    """Runs until the loop ends. One that breaks is forgotten, so that the next request makes another."""
    try:
        async with manager.run():
            ready.set_result(manager)
            await asyncio.Event().wait()
    except Exception as error:
        logger.exception("the MCP server's tasks ended")
        if not ready.done():
            ready.set_exception(error)
    finally:
        _managers.pop(loop, None)


def _server() -> Any:
    from mcp.server.lowlevel import Server

    about = "Tools of an operations console. What needs approval answers with an approval_id; a person decides."
    return Server("aiops-console", instructions=about, on_list_tools=_list_tools, on_call_tool=_call_tool)


async def _list_tools(context: Any, params: Any) -> Any:
    from mcp import types

    offered = await hop(_offered, context.request.scope["caller"])
    return types.ListToolsResult(tools=[_as_mcp(one) for one in offered])


def _offered(caller: Caller) -> list[gate.Offered]:
    return [one for one in gate.tools(caller) if one.risk == "read" or settings.OPS_MCP_WRITE]


def _as_mcp(one: gate.Offered) -> Any:
    from mcp import types

    hints = types.ToolAnnotations(read_only_hint=one.risk == "read", destructive_hint=one.risk == "destructive")
    return types.Tool(name=one.name, description=one.description, input_schema=one.parameters, annotations=hints)


async def _call_tool(context: Any, params: Any) -> Any:
    from mcp import types

    scope = context.request.scope
    try:
        told, failed = await _called(scope, params.name, params.arguments or {}), False
    except AIServiceError as error:
        told, failed = {"error": error.as_dict()}, True
    text = types.TextContent(type="text", text=json.dumps(told, ensure_ascii=False))
    return types.CallToolResult(content=[text], structured_content=told, is_error=failed)


async def _called(scope: Scope, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """`{result}`, or `{approval_id, url}`. Audited as a request to this address."""
    caller = scope["caller"]
    if name not in {one.name for one in await hop(_offered, caller)}:
        raise NotFound(f"There is no tool {name[:64]!r} for this token here.", param="name")
    request = SimpleNamespace(path=PATH, META={"REMOTE_ADDR": _address(scope)}, user=None, request_id="")
    with audit.serving(request):
        outcome = await gate.acall(caller, name, arguments)
    if outcome.approval_id is None:
        return {"result": outcome.result}
    return {"approval_id": str(outcome.approval_id), "url": f"/api/v1/ops/approvals/{outcome.approval_id}/"}
