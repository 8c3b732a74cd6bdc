"""The Content-Security-Policy. Pages with Plotly need two relaxations for styles, and only they get them."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

BASE = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# Plotly writes style attributes and two <style> elements (an empty one, and maplibre's, which changes with
# the version of the plotly package); a test in Chromium compares their hashes with these.
PLOTLY_STYLE_HASHES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)
CHARTS = {
    "style-src": f"'self' {PLOTLY_STYLE_HASHES}",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data: blob:",
}
CHART_ROUTES = {"providers:usage"}
PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=()"


def policy_for(request: HttpRequest) -> str:
    name = request.resolver_match.view_name if request.resolver_match else ""
    extra = CHARTS if name in CHART_ROUTES else {}
    return "; ".join(f"{directive} {value}" for directive, value in {**BASE, **extra}.items())


Send = Callable[[dict[str, Any]], Awaitable[None]]


def with_headers(send: Send) -> Send:
    """For what goes past Django's middleware: an ASGI `send` that adds the headers which it would have set."""

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_fixed()]}
        await send(message)

    return sending


@cache
def _fixed() -> tuple[tuple[bytes, bytes], ...]:
    named = {
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "referrer-policy": settings.SECURE_REFERRER_POLICY,
        "cross-origin-opener-policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "x-frame-options": settings.X_FRAME_OPTIONS,
        "permissions-policy": PERMISSIONS,
    }
    if settings.SECURE_HSTS_SECONDS:
        named["strict-transport-security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    return tuple((name.encode(), value.encode()) for name, value in named.items())
