"""Who may use the chat lane: a token, or a signed-in person's cookie with the CSRF check. One hop, which calls
that come at the same time share."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.csrf import CsrfViewMiddleware

from providers.access.identity import Bearer, bearers, digest_of_header
from providers.access.roles import role_may, role_of
from providers.configuration import current
from providers.configuration.current import Current
from providers.exceptions import AIServiceError, InvalidInput, NotAllowed
from providers.rates import throttles
from providers.runtime.hop import Shared, hop


class NotSignedIn(AIServiceError):
    http_status = 401
    type = "authentication_error"
    code = "not_authenticated"


@dataclass(frozen=True, slots=True)
class Admitted:
    """`current`: what is saved, read after the call came."""

    user_id: int
    standing: throttles.Standing
    current: Current


@dataclass(frozen=True, slots=True)
class _Caller:
    """Either the hash of a token, or who the cookie says it is."""

    token: str = ""
    person: Bearer | None = None


async def admit(scope: dict[str, Any]) -> Admitted:
    """Errors: InvalidInput for a foreign Host, NotSignedIn (401), NotAllowed (403), RateLimited (429)."""
    headers = dict(scope["headers"])
    if not _is_ours(headers.get(b"host", b""), tuple(settings.ALLOWED_HOSTS)):
        raise InvalidInput("This site does not answer under that host name. Add it to ALLOWED_HOSTS.")
    if b"authorization" not in headers:
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers.items()}
        return await _admitted(_Caller(person=await hop(_by_cookie, scope, named)))
    token = digest_of_header(headers[b"authorization"].decode("latin-1"))
    if not token:
        raise _unknown_token()
    return await _admitted(_Caller(token))


@lru_cache(maxsize=64)
def _is_ours(host: bytes, allowed: tuple[str, ...]) -> bool:
    domain, _ = split_domain_port(host.decode("latin-1"))
    return validate_host(domain, allowed)


def _unknown_token() -> NotSignedIn:
    return NotSignedIn("That token is not valid here.", code="invalid_api_key")


def _admit_all(callers: list[_Caller]) -> list[Admitted | Exception]:
    """One query for all tokens, one exchange with Redis for all rates, one read of what is saved."""
    known = bearers({caller.token for caller in callers if caller.token})
    people = [caller.person or known.get(caller.token) for caller in callers]
    found = [_may_ask(person) for person in people]
    counted = iter(throttles.take_all("chat", settings.AI_CHAT_RATE, [p.user_id for p in found if _admits(p)]))
    now = current.read()
    return [_answer(person, next(counted), now) if _admits(person) else person for person in found]


def _may_ask(person: Bearer | None) -> Bearer | AIServiceError:
    if person is None:
        return _unknown_token()
    if not role_may(person.role, "ask models and the Senate"):
        return NotAllowed("Your role may not ask models; an admin or engineer may.")
    return person


def _admits(person: Bearer | AIServiceError) -> bool:
    return isinstance(person, Bearer)


def _answer(person: Bearer, standing: throttles.Standing | AIServiceError, now: Current) -> Admitted | Exception:
    return standing if isinstance(standing, AIServiceError) else Admitted(person.user_id, standing, now)


_admitted: Shared[_Caller, Admitted] = Shared(_admit_all)


def _by_cookie(scope: dict[str, Any], headers: Mapping[str, str]) -> Bearer:
    request = HttpRequest()
    request.method = "POST"
    request.path = request.path_info = scope["path"]
    request.COOKIES = {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    role = role_of(user)
    if role is None:
        raise NotSignedIn("Sign in, or send a token: Authorization: Bearer …")
    if scope.get("scheme") == "https":
        request.META["wsgi.url_scheme"] = "https"
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    check.process_request(request)
    if check.process_view(request, lambda request: None, (), {}) is not None:
        raise NotAllowed("The CSRF token is missing or wrong; reload the page, or use an API token.")
    return Bearer(user.pk, role)
