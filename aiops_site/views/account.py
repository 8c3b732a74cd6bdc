"""Signing in, and one's own page: tokens and what one may do."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aiops_site.sign_in import signed_in, signin_limit
from aiops_site.web import zone
from aiops_site.web.context import THEMES
from aiops_site.web.errors import plain
from providers.access import identity
from providers.access.roles import ACTS, role_of
from providers.exceptions import AIServiceError
from providers.models import ApiToken
from providers.usage.zones import OFFERED, zone_of


class SignIn(LoginView):
    """Django's own sign-in; more than ten wrong tries in five minutes are refused."""

    template_name = "registration/login.html"
    redirect_authenticated_user = True
    extra_context = {"elsewhere": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        limited = signin_limit.refused(request)
        if limited:
            return limited
        try:
            return super().post(request, *args, **kwargs)
        except AIServiceError as error:  # it could not be audited, so nobody is signed in
            request.session.flush()
            return plain(request, error)

    def form_invalid(self, form: Any) -> Any:
        signin_limit.count_failure(self.request)
        response = super().form_invalid(form)
        response.status_code = 400
        return response


@extend_schema(exclude=True)
class Account(APIView):
    def get(self, request: Request) -> Response:
        return Response(page(request), template_name="account.html")

    def post(self, request: Request) -> Response:
        if "theme" in request.data:
            return keep_theme(request)
        if "zone" in request.data:
            return keep_zone(request)
        row, secret = identity.make_token(request.user, str(request.data.get("name", "")))
        shown = {"name": row.name, "secret": secret}
        return Response({**page(request), "new_token": shown}, 201, template_name="account.html")


@extend_schema(exclude=True)
class RevokeToken(APIView):
    def post(self, request: Request, pk: int) -> Response:
        identity.revoke_token(request.user, pk)
        return Response({"revoked": pk}, headers={"Location": reverse("account")})


@extend_schema(exclude=True)
class EndSession(APIView):
    def post(self, request: Request, name: str) -> Response:
        signed_in.end(request.user, name)
        return Response({"ended": name}, headers={"Location": reverse("account")})


def keep_zone(request: Request) -> Response:
    name = zone_of(str(request.data["zone"])).key
    response = Response({"zone": name}, headers={"Location": reverse("account")})
    response.set_cookie(zone.COOKIE, name, max_age=31_536_000, samesite="Lax", secure=request.is_secure())
    return response


def keep_theme(request: Request) -> Response:
    """For readers without JavaScript; with it the browser sets the same cookie."""
    theme = str(request.data["theme"])
    response = Response({"theme": theme}, headers={"Location": reverse("account")})
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=31_536_000, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("theme")
    return response


def page(request: Request) -> dict[str, Any]:
    fields = ("id", "name", "created_at", "last_used_at")
    role = role_of(request.user)
    return {
        "username": request.user.get_username(),
        "role": role.value if role else "",
        "tokens": list(ApiToken.objects.filter(user=request.user).values(*fields)[:200]),
        "rights": [{"act": act, "allowed": role in roles} for act, roles in ACTS.items()],
        "sessions": signed_in.listed(request.user, request._request.session.session_key),
        "zone": zone.chosen(request._request),
        "zones": [
            {"value": name, "label": name.replace("_", " ")}
            for name in dict.fromkeys((*OFFERED, zone.chosen(request._request)))
        ],
        "base_url": request.build_absolute_uri("/api/v1/ai"),
        "errors": {},
        "values": {},
    }
