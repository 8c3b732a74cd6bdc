"""Websocket addresses."""

from typing import Any

from django.urls import re_path

from senate.live.consumers import live_session, nothing_here
from senate.live.site import live_site

websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/senate/(?P<pk>[0-9]{1,18})/$", live_session),
    re_path(r"^ws/live/$", live_site),
    re_path(r"^", nothing_here),
]
