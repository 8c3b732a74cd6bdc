"""What the pages of this app share: reading a form or JSON, and the way back after a change."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.urls import reverse
from rest_framework.request import Request

from providers import serializers
from providers.configuration.configure import Note
from providers.exceptions import InvalidInput


def fields_of(request: Request) -> dict[str, Any]:
    """The fields of a form or of a JSON object, as a plain dict."""
    if not isinstance(request.data, Mapping):
        raise InvalidInput("Send a JSON object of fields.")
    return {name: request.data[name] for name in request.data if name != serializers.CSRF_FIELD}


def which(slug: Any) -> str:
    """The slug of a provider that there is; raises `ValidationError` for the field `provider`."""
    asked = serializers.Which(data={"provider": slug} if slug is not None else {})
    asked.is_valid(raise_exception=True)
    return asked.validated_data["provider"]


def wants_page(request: Request) -> bool:
    return not request.htmx and getattr(request.accepted_renderer, "format", "") == "html"


def way_back(request: Request, route: str = "providers:keys") -> dict[str, str]:
    """Where a person is sent after a form: the list as it was filtered, without the open form."""
    if not wants_page(request):
        return {}
    kept = request.query_params.copy()
    kept.pop("edit", None)
    query = kept.urlencode()
    return {"Location": reverse(route) + (f"?{query}" if query else "")}


def keep_for_next_page(request: Request, notes: list[Note]) -> None:
    for note in notes:
        level = messages.WARNING if note.tone else messages.SUCCESS
        messages.add_message(request._request, level, note.text)


def toast(request: Request, notes: list[Note]) -> dict[str, str]:
    """The header that shows plain notes as a toast to HTMX; warnings stand on the page."""
    said = " ".join(note.text for note in notes if not note.tone)
    return {"HX-Trigger": json.dumps({"toast": {"text": said}})} if said and request.htmx else {}
