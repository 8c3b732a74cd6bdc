"""The ASGI application: the chat lane beside Django, and the websockets."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aiops_site.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  needs the apps

from aiops_site.web import csp, origin, threads  # noqa: E402
from aiops_site.web.body_limit import BoundedBodies  # noqa: E402
from intelligence.agents.mcp_server import PATH as MCP  # noqa: E402
from intelligence.agents.mcp_server import mcp_lane  # noqa: E402
from senate.lane.handler import chat_lane  # noqa: E402
from senate.routing import websocket_urlpatterns  # noqa: E402

bounded_django = BoundedBodies(django_application)


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The hot path goes past Django's middleware; everything else is an ordinary view."""
    if scope["path"].startswith("/api/v1/ai/chat/"):
        await chat_lane(scope, receive, csp.with_headers(send))
    elif scope["path"].rstrip("/") == MCP:
        await mcp_lane(scope, receive, csp.with_headers(send))
    else:
        async with threads.borrowed():
            await bounded_django(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": origin.same(URLRouter(websocket_urlpatterns)),
    }
)
