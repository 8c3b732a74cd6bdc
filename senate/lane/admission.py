"""Who may use the chat lane: a token, or a signed-in person's cookie with the CSRF check. One hop."""

from dataclasses import dataclass
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.csrf import CsrfViewMiddleware

from providers import throttles
from providers.exceptions import AIServiceError, InvalidInput, NotAllowed
from providers.hop import hop
from providers.identity import user_of_header
from providers.roles import may


class NotSignedIn(AIServiceError):
    http_status = 401
    type = "authentication_error"
    code = "not_authenticated"


@dataclass(frozen=True, slots=True)
class Admitted:
    user: Any
    standing: throttles.Standing


async def admit(scope: dict[str, Any]) -> Admitted:
    """Errors: InvalidInput for a foreign Host, NotSignedIn (401), NotAllowed (403), RateLimited (429)."""
    return await hop(_admit, scope)


def _admit(scope: dict[str, Any]) -> Admitted:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    domain, _ = split_domain_port(headers.get("host", ""))
    if not validate_host(domain, settings.ALLOWED_HOSTS):
        raise InvalidInput("This site does not answer under that host name. Add it to ALLOWED_HOSTS.")
    user = _by_token(headers["authorization"]) if "authorization" in headers else _by_cookie(scope, headers)
    if not may(user, "ask models and the Senate"):
        raise NotAllowed("Your role may not ask models; an admin or engineer may.")
    return Admitted(user, throttles.take("chat", settings.AI_CHAT_RATE, user.pk))


def _by_token(header: str) -> Any:
    user = user_of_header(header)
    if user is None:
        raise NotSignedIn("That token is not valid here.", code="invalid_api_key")
    return user


def _by_cookie(scope: dict[str, Any], headers: dict[str, str]) -> Any:
    request = HttpRequest()
    request.method = "POST"
    request.path = request.path_info = scope["path"]
    request.COOKIES = {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if not user.is_authenticated:
        raise NotSignedIn("Sign in, or send a token: Authorization: Bearer …")
    if scope.get("scheme") == "https":
        request.META["wsgi.url_scheme"] = "https"
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    check.process_request(request)
    if check.process_view(request, lambda request: None, (), {}) is not None:
        raise NotAllowed("The CSRF token is missing or wrong; reload the page, or use an API token.")
    return user
