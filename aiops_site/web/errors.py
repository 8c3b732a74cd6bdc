"""Every error leaves in the shape of the surface that was used: page, fragment or JSON."""

import logging
import sys
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import escape_leading_slashes, urlencode
from rest_framework import exceptions as drf
from rest_framework.response import Response

from aiops_site.policy import allows
from aiops_site.web.renderers import is_fragment
from intelligence.agents.callers import Caller
from providers.access.roles import Role, role_of
from providers.exceptions import (
    AIServiceError,
    DatabaseUnavailable,
    InvalidInput,
    NotAllowed,
    NotConfigured,
    NotFound,
    RateLimited,
)
from providers.format import wait
from providers.outage import as_outage

logger = logging.getLogger(__name__)
WHOLE = "non_field_errors"  # REST framework's name for what is wrong with more than one field
SECRET_FIELDS = ("key", "password", "secret", "token", "code")
COUNTS = ("daily_token_cap", "max_tokens")  # of tokens that are counted: nothing to keep back
NOT_YOURS = "Your role may not do this. What it may stands on your account page."
FOREIGN_FORM = "The form was too old or came from another site. Reload the page and try again."


class SignInNeeded(AIServiceError):
    http_status = 401
    type = "authentication_error"
    code = "not_authenticated"


class MethodNotAllowed(AIServiceError):
    http_status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"


class NotParsed(AIServiceError):
    """The body itself can't be read, so there are no fields to show again."""

    type = "invalid_request_error"
    code = "invalid_body"

    def __init__(self, message: str, *, code: str = "", status: int = 400) -> None:
        super().__init__(message, code=code)
        self.http_status = status


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | HttpResponse | None:
    """REST framework's hook. Returns None for what is no error of ours: that becomes a 500 with its id."""
    request, view = context["request"], context["view"]
    known = as_known(error, request)
    if known is None:
        return None
    if isinstance(known, DatabaseUnavailable):
        return away(request, known, error)
    page = getattr(request.accepted_renderer, "format", "json") == "html"
    headers = headers_of(known)
    if not page:
        return Response({"error": known.as_dict()}, known.http_status, headers=headers)
    if isinstance(known, SignInNeeded):
        return sign_in(request)
    if isinstance(known, InvalidInput) and request.method == "POST" and hasattr(view, "get"):
        return form_again(known, context)
    data = {**error_page(known, request), "error": known.as_dict()}
    return Response(data, known.http_status, template_name="errors/error.html", headers=headers)


def as_known(error: Exception, request: Any) -> AIServiceError | None:
    """REST framework's and Django's errors in the words of our own tree."""
    match error:
        case AIServiceError():
            return error
        case drf.ValidationError():
            return from_fields(error.detail)
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            return SignInNeeded(str(error.detail), code=str(error.detail.code))
        case drf.Throttled():
            return RateLimited("Too many requests. Wait and try again.", retry_after=error.wait)
        case drf.PermissionDenied() | PermissionDenied():
            return not_yours(request)
        case drf.NotFound() | Http404():
            return NotFound("There is nothing here that you may see.")
        case drf.MethodNotAllowed():
            return MethodNotAllowed(str(error.detail))
        case drf.UnsupportedMediaType():
            return NotParsed(str(error.detail), code="unsupported_media_type", status=415)
        case drf.ParseError():
            return NotParsed(str(error.detail))
        case RequestDataTooBig():
            return NotParsed("The body is over 2 MB.", code="body_too_large", status=413)
        case TooManyFieldsSent() | TooManyFilesSent():
            return NotParsed("The body has too many fields.", code="invalid_body")
    return as_outage(error)


def not_yours(request: Any) -> NotAllowed:
    """Which roles may do what was asked, by the route table, and who gives a role; nobody's name."""
    if isinstance(getattr(request, "auth", None), Caller):
        return NotAllowed("Agents may not do this.")
    match, role = request.resolver_match, role_of(getattr(request, "user", None))
    may = [one for one in Role if match and allows(match.view_name, request.method, one)]
    if role is None or role in may or not may:
        return NotAllowed(NOT_YOURS)
    names = [f"{'a' if one is Role.MANAGER else 'an'} {one}" for one in may]
    ask = "Ask an admin." if len(names) == 1 else "Ask one of them, or an admin for another role."
    return NotAllowed(f"Only {' or '.join(names)} may do this; your role is {role}. {ask}")


def from_fields(detail: Any) -> InvalidInput:
    """One sentence naming the first bad field, and all of them for a page."""
    fields = detail if isinstance(detail, dict) else {WHOLE: detail}
    errors = {name: sentences_in(found) for name, found in fields.items()}
    param, sentence = first_of(fields)
    return InvalidInput(f"{param}: {sentence}" if param else sentence, errors=errors, param=param or None)


def first_of(found: Any) -> tuple[str, str]:
    """The path of the first bad field, as `samples[3].cpu_percent`, and its sentence."""
    if isinstance(found, dict):
        pairs = [(f"[{name}]" if isinstance(name, int) else name, one) for name, one in found.items() if one]
    elif isinstance(found, list) and found and not isinstance(found[0], str):
        pairs = [(f"[{at}]", one) for at, one in enumerate(found) if one]
    else:
        return "", str(found[0] if isinstance(found, list) else found)
    name, below = pairs[0]
    path, sentence = first_of(below)
    joined = name + (path if path.startswith("[") or not path else f".{path}")
    return joined.replace(WHOLE, "").strip("."), sentence


def sentences_in(found: Any) -> list[str]:
    """Flat, however REST framework nests them: a list's items come as {position: sentences}."""
    if isinstance(found, dict):
        found = list(found.values())
    return (
        [sentence for one in found for sentence in sentences_in(one)] if isinstance(found, list) else [str(found)]
    )


def headers_of(error: AIServiceError) -> dict[str, str]:
    headers = {"Vary": "Accept, HX-Request", **getattr(error, "headers", {})}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def sign_in(request: Any) -> HttpResponse:
    """To the sign-in page and back; an HTMX request moves the whole page there."""
    target = f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}"
    if is_fragment(request):
        here = request.htmx.current_url_abs_path or "/"
        response = HttpResponse(status=204)
        response["HX-Redirect"] = f"{reverse('login')}?{urlencode({'next': here})}"
        return response
    return HttpResponseRedirect(target)


def form_again(error: InvalidInput, context: dict[str, Any]) -> Response:
    """The page of the form once more, with the sentences and the values; secrets are not given back."""
    request, view = context["request"], context["view"]
    response = view.get(request, *context["args"], **context["kwargs"])
    values = {
        k: v for k, v in request.data.items() if k in COUNTS or not any(s in k.lower() for s in SECRET_FIELDS)
    }
    response.data = {**response.data, "errors": error.errors or {"": [error.message]}, "values": values}
    response.status_code = error.http_status
    return response


TITLES = {
    400: "That can't be used",
    403: "Not for your role",
    404: "Nothing here",
    405: "Not done this way",
    413: "Too big",
    415: "That can't be used",
    429: "Not now",
    502: "The provider failed",
    503: "Not set up yet",
    504: "No answer in time",
}


def error_page(error: AIServiceError, request: Any) -> dict[str, Any]:
    return {
        "status": error.http_status,
        "title": TITLES.get(error.http_status, "Something failed"),
        "message": error.message,
        "next": next_step(error, request),
        "wait": wait(error.retry_after) if error.retry_after and error.http_status in {429, 503} else "",
        "request_id": getattr(request, "request_id", ""),
    }


def wants_json(request: Any) -> bool:
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("application/json" in accept and "text/html" not in accept)


def away(request: Any, error: DatabaseUnavailable, cause: BaseException | None) -> HttpResponse:
    """In a page that asks the database for nothing: not who is looking, nor what the frame counts."""
    logger.error("503 at %s: %s: %.300s", request.path, type(cause).__name__, cause)
    status, headers = error.http_status, headers_of(error)
    if wants_json(request):
        return JsonResponse({"error": error.as_dict()}, status=status, headers=headers)
    again = request.get_full_path() if request.method == "GET" else "/"
    page = {**error_page(error, request), "title": "Not just now", "again": again}
    return HttpResponse(render_to_string("errors/bare_error.html", page), status=status, headers=headers)


def next_step(error: AIServiceError, request: Any) -> dict[str, str] | None:
    """The one way on beside the overview: its label and address. A form is never sent again by a link."""
    if isinstance(error, NotConfigured):
        return {"label": "AI providers", "url": "/providers/"}
    if request.method != "GET":
        return None
    if error.http_status == 400 and request.GET:
        return {"label": "Without the filter", "url": escape_leading_slashes(request.path)}
    again = error.http_status == 429 or error.http_status >= 500
    return {"label": "Try again", "url": request.get_full_path()} if again else None


def plain(request: HttpRequest, error: AIServiceError) -> HttpResponse:
    """For Django's own handlers, which stand outside REST framework."""
    status, headers = error.http_status, headers_of(error)
    if wants_json(request):
        return JsonResponse({"error": error.as_dict()}, status=status, headers=headers)
    signed_in = getattr(getattr(request, "user", None), "is_authenticated", False)
    template = "errors/error.html" if signed_in else "errors/bare_error.html"
    content = render_to_string(template, error_page(error, request), request)
    return HttpResponse(content, status=status, headers=headers)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, NotFound("There is nothing at this address that you may see."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, not_yours(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return plain(request, NotAllowed(FOREIGN_FORM))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, as_known(exception, request) or InvalidInput("The request could not be read."))


def server_error(request: HttpRequest) -> HttpResponse:
    cause = sys.exception()
    if outage := as_outage(cause):
        return away(request, outage, cause)
    return plain(request, AIServiceError("This failed on our side. Give the request id to your admin."))
