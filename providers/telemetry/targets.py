"""Where spans go: an OTLP collector, Langfuse, both or nowhere. From settings; secrets stay out of every text."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bool = False  # prompts and answers too, as far as the site keeps them


def configured() -> list[Target]:
    found = []
    content = settings.OTEL_CAPTURE_CONTENT
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        url = f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces"
        found.append(Target("otlp", url, _headers(settings.OTEL_EXPORTER_OTLP_HEADERS), content))
    keys = (settings.LANGFUSE_PUBLIC_KEY, settings.LANGFUSE_SECRET_KEY)
    if settings.LANGFUSE_HOST and all(keys):
        basic = base64.b64encode(":".join(keys).encode()).decode()
        url = f"{settings.LANGFUSE_HOST.rstrip('/')}/api/public/otel/v1/traces"
        found.append(Target("langfuse", url, {"Authorization": f"Basic {basic}"}, content))
    return found


def _headers(text: str) -> dict[str, str]:
    """`name=value,name=value`, values URL-encoded, as OTEL_EXPORTER_OTLP_HEADERS has them."""
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs if name.strip()}
