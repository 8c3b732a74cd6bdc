"""Three clothes on one dict: the full page, the fragment that HTMX asked for, JSON.

A view answers `Response(data, template_name="app/name.html")`. A person gets that page; an HTMX request
(not a boosted one) gets `app/_name.html`; `/api/` and `Accept: application/json` get the dict.
A 2xx answer to a form with a `Location` header becomes a redirect for a person.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from providers.format import usd


class ExactEncoder(JSONEncoder):
    """Decimals are money: they leave as exact strings. REST framework's own encoder makes floats of them."""

    def default(self, obj: Any) -> Any:
        return usd(obj) if isinstance(obj, Decimal) else super().default(obj)


class JsonRenderer(JSONRenderer):
    charset = None
    encoder_class = ExactEncoder


class Negotiation(DefaultContentNegotiation):
    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """JSON under /api/; elsewhere what `Accept` prefers, and a page for `*/*`."""
        if request.path.startswith("/api/"):
            renderers = [r for r in renderers if r.format != "html"] or renderers
            return renderers[0], renderers[0].media_type
        accept = request.headers.get("Accept", "")
        wants_json = "application/json" in accept and "text/html" not in accept
        chosen = next((r for r in renderers if (r.format == "json") == wants_json), renderers[0])
        return chosen, chosen.media_type


class PageRenderer(BaseRenderer):
    media_type = "text/html"
    format = "html"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str:
        context = dict(renderer_context or {})
        request, response = context["request"], context["response"]
        if response.has_header("Location") and 200 <= response.status_code < 300:
            return self._follow(request, response)
        name = response.template_name or "errors/error.html"
        if is_fragment(request):
            name = self._fragment(name)
        return get_template(name).render(data if isinstance(data, dict) else {"data": data}, request._request)

    def _follow(self, request: Request, response: Any) -> str:
        if is_fragment(request):
            response["HX-Location" if request.htmx.boosted else "HX-Redirect"] = response["Location"]
            del response["Location"]
            response.status_code = 204
        else:
            response.status_code = 303
        return ""

    def _fragment(self, name: str) -> str:
        folder, slash, file = name.rpartition("/")
        fragment = f"{folder}{slash}_{file}"
        try:
            get_template(fragment)
        except TemplateDoesNotExist:
            return name
        return fragment


def is_fragment(request: Request) -> bool:
    return bool(request.htmx) and not request.htmx.boosted
