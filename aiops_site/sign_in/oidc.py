"""Sign-in by an OpenID provider: off unless OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set.

mozilla-django-oidc does the code flow (state, nonce, PKCE, signatures). Ours: endpoints by discovery, every
request through the guarded client, issuer and audience of the token, people known by their subject and never by
their mail (anybody may claim that elsewhere), roles from a claim.
"""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlencode

import jwt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import import_from_settings
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from aiops_site.models import OutsideIdentity
from aiops_site.sign_in import signin_limit
from aiops_site.web.errors import plain
from providers.access.roles import Role
from providers.exceptions import AIServiceError, NotFound, UpstreamBroken, UpstreamUnavailable
from providers.network import outbound
from providers.network.transport import FAULTS
from providers.runtime import loop
from providers.trail import audit

ANSWER_S, BELIEVED_S = 10.0, 600.0
ENDPOINTS = {
    "OIDC_OP_AUTHORIZATION_ENDPOINT": "authorization_endpoint",
    "OIDC_OP_TOKEN_ENDPOINT": "token_endpoint",
    "OIDC_OP_USER_ENDPOINT": "userinfo_endpoint",
    "OIDC_OP_JWKS_ENDPOINT": "jwks_uri",
}
_found: dict[str, tuple[float, dict[str, Any]]] = {}


def on() -> bool:
    return bool(settings.OIDC_ISSUER and settings.OIDC_RP_CLIENT_ID)


def provider() -> dict[str, Any]:
    """The provider's own description of itself. Errors: AIServiceError."""
    at, known = _found.get(settings.OIDC_ISSUER, (-BELIEVED_S, {}))
    if time.monotonic() - at > BELIEVED_S:
        known = fetched("GET", f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
        if known.get("issuer") != settings.OIDC_ISSUER:
            raise UpstreamBroken("The OpenID provider calls itself by another name than OIDC_ISSUER.")
        _found[settings.OIDC_ISSUER] = (time.monotonic(), known)
    return known


def fetched(method: str, url: str, *, form: dict[str, str] | None = None, token: str = "") -> dict[str, Any]:
    """JSON from the provider. Errors: UpstreamUnavailable, UpstreamBroken, OutboundRefused."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return loop.run(_fetched(method, url, headers, urlencode(form).encode() if form else None), ANSWER_S * 2)


async def _fetched(method: str, url: str, headers: dict[str, str], body: bytes | None) -> dict[str, Any]:
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await outbound.upstream(url).send(method, url, headers=headers, body=body)
            try:
                raw = await answer.read()
            finally:
                answer.close()
    except (TimeoutError, *FAULTS) as error:
        raise UpstreamUnavailable("The OpenID provider does not answer.") from error
    try:
        said = json.loads(raw) if answer.is_success else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise UpstreamBroken(f"The OpenID provider answered {answer.status_code} and nothing that can be used.")
    return said


def setting(name: str, *default: Any) -> Any:
    return provider()[ENDPOINTS[name]] if name in ENDPOINTS else import_from_settings(name, *default)


class Backend(OIDCAuthenticationBackend):
    get_settings = staticmethod(setting)

    def get_token(self, payload: dict[str, str]) -> dict[str, Any]:
        return fetched("POST", self.OIDC_OP_TOKEN_ENDPOINT, form=payload)

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        told = fetched("GET", self.OIDC_OP_USER_ENDPOINT, token=access_token)
        if told.get("sub") != payload.get("sub"):
            raise SuspiciousOperation("The user's claims are of another subject than the token.")
        return {**payload, **told}

    def retrieve_matching_jwk(self, token: str) -> jwt.PyJWK:
        head = jwt.get_unverified_header(token)
        for key in fetched("GET", self.OIDC_OP_JWKS_ENDPOINT).get("keys", []):
            if key.get("kid") == head.get("kid") and key.get("alg", head["alg"]) == head["alg"]:
                return jwt.PyJWK(key)
        raise SuspiciousOperation("The token is signed by a key that the provider doesn't have.")

    def verify_token(self, token: str, **more: Any) -> dict[str, Any]:
        """With what the library leaves out: who made the token, and for whom."""
        payload = super().verify_token(token, **more)
        audience = payload.get("aud")
        meant = audience if isinstance(audience, list) else [audience]
        if payload.get("iss") != settings.OIDC_ISSUER or settings.OIDC_RP_CLIENT_ID not in meant:
            raise SuspiciousOperation("The token is of another issuer, or for another client.")
        if not payload.get("exp") or not payload.get("sub"):
            raise SuspiciousOperation("The token has no end, or no subject.")
        return payload

    def verify_claims(self, claims: dict[str, Any]) -> bool:
        return bool(claims.get("sub"))

    def filter_users_by_claims(self, claims: dict[str, Any]) -> Any:
        known = {"identities__issuer": settings.OIDC_ISSUER, "identities__subject": str(claims["sub"])[:255]}
        return get_user_model().objects.filter(**known)

    def create_user(self, claims: dict[str, Any]) -> Any:
        """A new account; one that is here already under that name stays whose it is."""
        wanted = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])[:140]
        with transaction.atomic(), audit.because("First sign-in by the OpenID provider"):
            user = self._named(wanted, claims)
            OutsideIdentity.objects.create(
                issuer=settings.OIDC_ISSUER, subject=str(claims["sub"])[:255], user=user
            )
        return self.update_user(user, claims)

    def _named(self, wanted: str, claims: dict[str, Any]) -> Any:
        for number in range(1, 100):
            name = wanted if number == 1 else f"{wanted}-{number}"
            try:
                with transaction.atomic():
                    return get_user_model().objects.create_user(name, email=str(claims.get("email") or "")[:254])
            except IntegrityError:
                continue
        raise SuspiciousOperation("No name is free for this person.")

    def update_user(self, user: Any, claims: dict[str, Any]) -> Any:
        """Roles follow the claim where it is there; without it an admin gives them here."""
        told = claims.get(settings.OIDC_ROLE_CLAIM) if settings.OIDC_ROLE_CLAIM else None
        if isinstance(told, list):
            names = {str(one) for one in told} & {role.value for role in Role}
            groups = [Group.objects.get_or_create(name=name)[0] for name in sorted(names)]
            if {group.pk for group in groups} != set(user.groups.values_list("pk", flat=True)):
                user.groups.set(groups)
        return user


class Begin(OIDCAuthenticationRequestView):
    get_settings = staticmethod(setting)


class Callback(OIDCAuthenticationCallbackView):
    get_settings = staticmethod(setting)

    @property
    def failure_url(self) -> str:
        return f"{reverse('login')}?elsewhere=failed"


def begin(request: HttpRequest) -> HttpResponse:
    return _served(request, Begin)


def callback(request: HttpRequest) -> HttpResponse:
    return _served(request, Callback)


def _served(request: HttpRequest, view: Any) -> HttpResponse:
    if not on():
        return plain(request, NotFound("There is nothing at this address that you may see."))
    if limited := signin_limit.refused(request):
        return limited
    try:
        return view.as_view()(request)
    except AIServiceError as error:
        return plain(request, error)
    except (SuspiciousOperation, jwt.PyJWTError, KeyError, ValueError, TypeError):
        signin_limit.count_failure(request)
        return HttpResponseRedirect(f"{reverse('login')}?elsewhere=failed")
