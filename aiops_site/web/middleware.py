"""What every request passes: its id, the security headers, and the set-up page while there is no user."""

import ipaddress
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from aiops_site.web import csp
from providers.network import request_id as request_ids
from providers.trail import audit

GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: GetResponse) -> GetResponse:
    """Takes a well-formed X-Request-Id from a proxy, else makes one; answers with it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.request_id = request_ids.taken(request.headers.get(request_ids.HEADER, ""))
        token = request_ids.current.set(request.request_id)
        try:
            response = get_response(request)
        finally:
            request_ids.current.reset(token)
        response[request_ids.HEADER] = request.request_id
        return response

    return middleware


def caller(get_response: GetResponse) -> GetResponse:
    """Behind a proxy the caller is who the proxy says: the last address of X-Forwarded-For, which it put there.
    Without BEHIND_PROXY the header is anybody's and is not looked at."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if settings.BEHIND_PROXY:
            told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
            with suppress(ValueError):  # no address: the proxy's own stays
                request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(told))
        return get_response(request)

    return middleware


def audited(get_response: GetResponse) -> GetResponse:
    """What happens in a request is audited as done by its user."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with audit.serving(request):
            return get_response(request)

    return middleware


def security_headers(get_response: GetResponse) -> GetResponse:
    """Strict CSP on everything; nothing that a signed-in person sees is kept by a cache; how a rate stands."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Content-Security-Policy", csp.policy_for(request))
        response.setdefault("Permissions-Policy", csp.PERMISSIONS)
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store")
        if hasattr(response, "accepted_renderer"):  # a page, its fragment or JSON at one address
            patch_vary_headers(response, ("Accept", "HX-Request"))
        if standing := getattr(
            request, "rate_standing", None
        ):  # a request that was counted (providers/rates/throttles.py)
            for name, value in standing.headers().items():
                response.setdefault(name, value)
        return response

    return middleware


_someone_exists = False


def first_visit(get_response: GetResponse) -> GetResponse:
    """While nobody can sign in, every page leads to the set-up page (health and API excepted)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        global _someone_exists
        open_paths = (reverse("setup"), "/api/", "/healthz", "/readyz", "/metrics", "/static/")
        if not _someone_exists and not request.path.startswith(open_paths):
            _someone_exists = get_user_model().objects.exists()
            if not _someone_exists:
                return HttpResponseRedirect(reverse("setup"))
        return get_response(request)

    return middleware
