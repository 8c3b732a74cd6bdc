"""Sign-in by an OpenID provider. Its library is imported by who uses it: most sites have none."""

from django.http import HttpRequest, HttpResponse


def begin(request: HttpRequest) -> HttpResponse:
    from aiops_site.sign_in import oidc

    return oidc.begin(request)


def callback(request: HttpRequest) -> HttpResponse:
    from aiops_site.sign_in import oidc

    return oidc.callback(request)
