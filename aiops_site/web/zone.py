"""The zone that a reader's times are shown in: a choice of the account page, kept in a cookie."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from providers.usage.zones import known

COOKIE = "zone"
GetResponse = Callable[[HttpRequest], HttpResponse]


def chosen(request: HttpRequest) -> str:
    """A zone's name; UTC where none was chosen, or one that there is not."""
    name = request.COOKIES.get(COOKIE, "")
    return name if name in known() else "UTC"


def middleware(get_response: GetResponse) -> GetResponse:
    def in_zone(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return get_response(request)
        with timezone.override(ZoneInfo(chosen(request))):
            return get_response(request)

    return in_zone
