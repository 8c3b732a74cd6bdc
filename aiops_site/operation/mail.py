"""The mail server, from one address: `smtp://user:password@host:587`."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SHAPE = "EMAIL_URL must look like smtp://user:password@mail.example.org:587 or smtps://…:465."


def settings_of(url: str) -> dict[str, Any]:
    """Django's settings of mail; without an address none, as no mail is sent then. `?tls=0` is smtp in the clear.

    Errors: ImproperlyConfigured, without the address, which holds a password."""
    if not url:
        return {}
    try:
        parts = urlsplit(url)
        port, query = parts.port, parse_qs(parts.query)
    except ValueError:
        raise ImproperlyConfigured(SHAPE) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ImproperlyConfigured(SHAPE)
    inside = parts.scheme == "smtps"
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or (465 if inside else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": inside,
        "EMAIL_USE_TLS": not inside and query.get("tls", ["1"])[0] not in ("0", "false", "no"),
    }
