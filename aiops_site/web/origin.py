"""Websockets are opened by this site's own pages alone: all ports of a host share their cookies."""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

READ = (b"host", b"origin", b"authorization")


def same(application: Any) -> Any:
    """An ASGI application that refuses a handshake whose Origin is another site's.

    Browsers always send one, and can't send an Authorization header: who sends no Origin must bring that header,
    and is then known by it alone."""

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in READ}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if own(origin, host) if origin is not None else bool(headers.get(b"authorization")) and known(host):
            return await application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)

    return guarded


def own(origin: str, host: str) -> bool:
    """Host and port must be those that were called, unless the operator trusts that origin. Behind a proxy the
    scheme of the page may differ from ours."""
    if not known(host):
        return False
    try:
        found = urlsplit(origin)
        return (
            found.scheme in {"http", "https"} and found.netloc == host
        ) or origin in settings.CSRF_TRUSTED_ORIGINS
    except ValueError:
        return False


def known(host: str) -> bool:
    """Whether the site answers under that name."""
    domain, _ = split_domain_port(host)
    return validate_host(domain, settings.ALLOWED_HOSTS)
